"""The SN-GAN ResNet family, for any image size and number of channels, and JGAN's label branch.

JGAN (arXiv 1905.11574), Tables 3 to 6; what the tables leave open follows sngan_projection
(gen_models/resnet_32.py and resblocks.py, dis_models/snresnet_32.py and resblocks.py): the order
inside blocks, Glorot-uniform weights with gain sqrt(2) on residual convolutions and 1
elsewhere, and a last linear layer of the discriminator without bias.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.conditioning import (
    ConditionalBatchNorm2d,
    PlainBatchNorm2d,
    batch_norm,
    label_vectors,
)
from gan_repro.nets.spectral_norm import spectral_norm

RESIDUAL_GAIN = math.sqrt(2.0)
Wrap = Callable[[nn.Module], nn.Module]  # what a network does to each of its layers

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def glorot(layer: Layer, gain: float = 1.0) -> Layer:
    """The layer with Glorot-uniform weights of the given gain and zero bias."""
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def conv(inputs: int, outputs: int, size: int, gain: float = 1.0) -> nn.Conv2d:
    """A convolution that keeps height and width."""
    return glorot(nn.Conv2d(inputs, outputs, size, padding=size // 2), gain)


def upsample_steps(shape: ImageShape) -> int:
    """How often the generator doubles: 3 for 32 and 48 pixels (Table 3), 2 for 28, 1 for 8.

    Halve while both sides stay even and at least 4 pixels. So 64 and 128 pixels get one and two
    blocks more, as Durall et al. (arXiv 2012.08803, section 4.2) have it.
    """
    steps, height, width = 0, shape.height, shape.width
    while height % 2 == width % 2 == 0 and min(height, width) >= 8:
        steps, height, width = steps + 1, height // 2, width // 2
    return steps


class GeneratorBlock(nn.Module):
    """(c)BN, ReLU, x2, conv, (c)BN, ReLU, conv; shortcut x2, conv 1x1. Nearest upsampling.

    norm : features -> a batch norm that takes maps and a condition.
    """

    def __init__(
        self, inputs: int, outputs: int, norm: Callable[[int], nn.Module], wrap: Wrap | None = None
    ) -> None:
        super().__init__()
        wrap = wrap or (lambda layer: layer)
        self.norm1 = norm(inputs)
        self.conv1 = wrap(conv(inputs, outputs, 3, RESIDUAL_GAIN))
        self.norm2 = norm(outputs)
        self.conv2 = wrap(conv(outputs, outputs, 3, RESIDUAL_GAIN))
        self.shortcut = wrap(conv(inputs, outputs, 1))

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, 2h, 2w); labels : what conditions the batch norms."""
        y = self.conv1(double(F.relu(self.norm1(x, labels))))
        y = self.conv2(F.relu(self.norm2(y, labels)))
        return y + double(self.shortcut(x))  # a 1x1 convolution commutes with nearest upsampling


def _norm(features: int, label_size: int) -> nn.Module:
    if label_size:
        return ConditionalBatchNorm2d(features, label_size)
    return PlainBatchNorm2d(features)


def double(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c, 2h, 2w), each pixel four times.

    To a compiler it is written as copies, whose gradient is a sum: that which it makes of
    ``interpolate`` is scattered additions.
    """
    if torch.compiler.is_compiling():
        n, c, h, w = x.shape
        y = x.permute(0, 2, 3, 1)[:, :, None, :, None].expand(n, h, 2, w, 2, c)
        return y.reshape(n, 2 * h, 2 * w, c).permute(0, 3, 1, 2)
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Generator(nn.Module):
    """JGAN Table 3: dense, residual blocks that double, BN, ReLU, conv 3x3, tanh.

    label_size : columns of the label that conditions the batch norms inside the blocks; 0 for none.
        The last batch norm is plain (sngan_projection gen_models/resnet_32.py).
    input_size : numbers that enter the dense layer (latents, and a label where it is concatenated).
    """

    def __init__(self, shape: ImageShape, input_size: int, width: int, label_size: int = 0) -> None:
        super().__init__()
        steps = upsample_steps(shape)
        self.bottom = (width, shape.height >> steps, shape.width >> steps)
        self.dense = glorot(nn.Linear(input_size, math.prod(self.bottom)))
        norm = partial(_norm, label_size=label_size)
        self.blocks = nn.ModuleList(GeneratorBlock(width, width, norm) for _ in range(steps))
        self.norm = batch_norm(width)
        self.to_image = conv(width, shape.channels, 3)

    def features(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """The map F (n, width, height, width) after the last ReLU, which the label branch reads."""
        x = self.dense(inputs).unflatten(1, self.bottom)
        for block in self.blocks:
            x = block(x, labels)
        return F.relu(self.norm(x))

    def forward(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """inputs : (n, input_size); labels : (n, label_size) rows -> images in [-1, 1]."""
        return torch.tanh(self.to_image(self.features(inputs, labels)).float())


class FirstDiscriminatorBlock(nn.Module):
    """conv, ReLU, conv, pool; no ReLU on the image. Shortcut: pool *before* conv 1x1."""

    def __init__(self, inputs: int, outputs: int, wrap: Wrap = spectral_norm) -> None:
        super().__init__()
        self.conv1 = wrap(conv(inputs, outputs, 3, RESIDUAL_GAIN))
        self.conv2 = wrap(conv(outputs, outputs, 3, RESIDUAL_GAIN))
        self.shortcut = wrap(conv(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, h/2, w/2)."""
        y = self.conv2(F.relu(self.conv1(x)))
        return F.avg_pool2d(y, 2) + self.shortcut(F.avg_pool2d(x, 2))


class DiscriminatorBlock(nn.Module):
    """ReLU, conv, ReLU, conv, (pool); shortcut: x itself, or conv 1x1 *before* the pool.

    No ReLU works in place: the shortcut carries x, not ReLU(x).
    """

    def __init__(self, width: int, halve: bool, wrap: Wrap = spectral_norm) -> None:
        super().__init__()
        self.conv1 = wrap(conv(width, width, 3, RESIDUAL_GAIN))
        self.conv2 = wrap(conv(width, width, 3, RESIDUAL_GAIN))
        self.shortcut = wrap(conv(width, width, 1)) if halve else None

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h, w) -> the same, or (n, width, h/2, w/2)."""
        y = self.conv2(F.relu(self.conv1(F.relu(x))))
        if self.shortcut is None:
            return x + y
        return F.avg_pool2d(y, 2) + F.avg_pool2d(self.shortcut(x), 2)


class Trunk(nn.Module):
    """JGAN Table 4 up to the pooling: two blocks that halve, two that don't, ReLU, global *sum*.

    At 64 and 128 pixels one and two more that halve, as in the generator.
    """

    def __init__(self, shape: ImageShape, width: int, wrap: Wrap = spectral_norm) -> None:
        super().__init__()
        first = FirstDiscriminatorBlock(shape.channels, width, wrap)
        halving = 1 + max(0, upsample_steps(shape) - 3)
        rest = (DiscriminatorBlock(width, i < halving, wrap) for i in range(halving + 2))
        self.blocks = nn.Sequential(first, *rest)

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> features (n, width)."""
        return F.relu(self.blocks(images)).sum(dim=(2, 3))


class Discriminator(nn.Module):
    """JGAN Table 4: w^T phi(x), and with labels + l^T V phi(x) (Miyato and Koyama 2018).

    The projection is linear in l, so that generated soft labels pass gradients (details: docs,
    JGAN, ambiguity 1); a one-hot l gives the usual embedding. V is spectrally normalised too.
    """

    def __init__(self, shape: ImageShape, width: int, label_size: int = 0) -> None:
        super().__init__()
        self.trunk = Trunk(shape, width)
        self.dense = spectral_norm(glorot(nn.Linear(width, 1, bias=False)))
        self.label_size = label_size
        if label_size:
            # (label_size, width), one row a class, as an embedding
            self.projection = spectral_norm(glorot(nn.Linear(width, label_size, bias=False)))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """images (n, channels, h, w); labels: hard (n,), soft (n, label_size) or None -> (n,)."""
        features = self.trunk(images)
        scores = self.dense(features).squeeze(1)
        if not self.label_size:
            return scores
        assert labels is not None
        rows = label_vectors(labels, self.label_size)
        return scores + (rows * self.projection(features)).sum(dim=1)


class ClassifyingDiscriminator(nn.Module):
    """The same trunk with two heads: w^T phi(x), and class logits (AC-GAN on this trunk)."""

    def __init__(self, shape: ImageShape, width: int, classes: int) -> None:
        super().__init__()
        self.trunk = Trunk(shape, width)
        self.dense = spectral_norm(glorot(nn.Linear(width, 1, bias=False)))
        self.classify = spectral_norm(glorot(nn.Linear(width, classes)))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images : (n, channels, h, w) -> scores (n,) and class logits (n, classes)."""
        features = self.trunk(images)
        return self.dense(features).squeeze(1), self.classify(features)
