"""BigGAN's generator and discriminator for any small image, in both lineages (biggan_layers.py).

Tables for 32x32 images: BigGAN-PyTorch, BigGAN.py, ``G_arch[32]`` and ``D_arch[32]``. At 48, 28 and
8 pixels the width stays the same, and the generator starts from 6x6, 7x7 and 4x4 maps (our choice:
no lineage has these sizes).
"""

import math
from functools import partial
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.biggan_layers import LINEAGES, Lineage, MovedBatchNorm2d, SelfAttention
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.resnet import (
    DiscriminatorBlock,
    FirstDiscriminatorBlock,
    GeneratorBlock,
    Wrap,
    upsample_steps,
)

AJBROCK = LINEAGES["ajbrock"]


class Generator(nn.Module):
    """Dense, residual blocks that double, BN, ReLU, conv 3x3, tanh; all layers spectrally normal.

    label_size : entries of the label that moves the blocks' batch norms; 0: no labels. The last
        batch norm is plain.
    """

    def __init__(
        self, shape: ImageShape, latent_size: int, width: int, label_size: int = 0,
        lineage: Lineage = AJBROCK,
    ) -> None:  # fmt: skip
        super().__init__()
        steps = upsample_steps(shape)
        self.bottom = (width, shape.height >> steps, shape.width >> steps)
        self.parts = _parts(latent_size, steps + 1 if lineage.hierarchical else 1, steps + 1)
        embedded, self.shared = label_size, None
        if label_size and lineage.shared_size:
            embedded = lineage.shared_size
            self.shared = lineage.initialise(nn.Linear(label_size, embedded, bias=False))
        self.dense = lineage.layer(nn.Linear(self.parts[0], math.prod(self.bottom)))
        norms = [partial(lineage.norm, condition_size=embedded + p) for p in self.parts[1:]]
        self.blocks = nn.ModuleList(
            GeneratorBlock(width, width, norm, lineage.layer) for norm in norms
        )
        # before the last doubling: at half the image's side
        self.attended = max(0, steps - 2) if lineage.attention else None
        self.attention = SelfAttention(width, lineage.layer) if lineage.attention else nn.Identity()
        self.norm = lineage.plain_norm(width)
        self.to_image = lineage.layer(nn.Conv2d(width, shape.channels, 3, padding=1))

    def spread_classes(self, deviation: float) -> None:
        """Draw the class tables of the batch norms anew, from N(0, deviation)."""
        for module in self.modules():
            if isinstance(module, MovedBatchNorm2d):
                for table in (*module.gain.parameters(), *module.shift.parameters()):
                    nn.init.normal_(table, 0.0, deviation)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """latents : (n, latent_size); labels : (n, label_size) rows -> images in [-1, 1]."""
        first, *parts = latents.split(self.parts, dim=1)
        embedded = labels if labels is None or self.shared is None else self.shared(labels)
        x = self.dense(first).unflatten(1, self.bottom)
        for number, (block, part) in enumerate(zip(self.blocks, parts, strict=True)):
            x = block(x, part if embedded is None else torch.cat([embedded, part], dim=1))
            x = self.attention(x) if number == self.attended else x
        return torch.tanh(self.to_image(F.relu(self.norm(x))).float())


def _parts(size: int, shares: int, count: int) -> list[int]:
    """How many latents each of ``count`` readers gets, where the first ``shares`` divide them."""
    return [size // shares + (i < size % shares) if i < shares else 0 for i in range(count)]


class Trunk(nn.Module):
    """Two residual blocks that halve, two that don't, ReLU, and the *sum* over all places.

    ``after_block`` is there for methods that change maps on their way (feature quantisation).

    layer : what becomes of the fresh layers; the lineage's own by default.
    mean : whether the mean over places takes the place of the sum, which suits layers without
        spectral norm.
    """

    def __init__(
        self, shape: ImageShape, width: int, lineage: Lineage = AJBROCK, layer: Wrap | None = None,
        mean: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.width, self.lineage, self.mean = width, lineage, mean
        layer = layer or lineage.layer
        first = FirstDiscriminatorBlock(shape.channels, width, layer)
        rest = (DiscriminatorBlock(width, halve, layer) for halve in (True, False, False))
        self.blocks = nn.ModuleList([first, *rest])
        self.attention = SelfAttention(width, layer) if lineage.attention else nn.Identity()

    def after_block(self, number: int, maps: Tensor) -> Tensor:
        """What goes on from the maps (n, width, h, w) that a block has made; here all of it."""
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> features (n, width)."""
        x = images
        for number, block in enumerate(self.blocks):
            x = block(x)
            x = self.attention(x) if number == 0 else x
            x = self.after_block(number, x)
        x = F.relu(x).float()
        return x.mean(dim=(2, 3)) if self.mean else x.sum(dim=(2, 3))


class Discriminator(nn.Module):
    """w^T phi(x) + b, and with labels + l^T V phi(x) (Miyato and Koyama 2018), on a trunk.

    label_size : entries of a label; 0: no labels. A label of zeros (none given) adds nothing.
    """

    def __init__(self, trunk: Trunk, label_size: int = 0) -> None:
        super().__init__()
        layer = trunk.lineage.layer
        self.trunk, self.label_size = trunk, label_size
        self.dense = layer(nn.Linear(trunk.width, 1))
        if label_size:
            self.projection = layer(nn.Linear(trunk.width, label_size, bias=False))

    def features(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> phi (n, width)."""
        found: Tensor = self.trunk(images)
        return found

    def judge(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """features : (n, width); labels : as in ``forward`` -> scores (n,)."""
        scores: Tensor = self.dense(features).squeeze(1)
        if not self.label_size:
            return scores
        assert labels is not None
        rows = label_vectors(labels, self.label_size)
        return scores + (rows * self.projection(features)).sum(dim=1)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """images (n, channels, h, w); labels: hard (n,), rows (n, label_size) or None -> (n,)."""
        return self.judge(self.features(images), labels)


class Classifier(nn.Module):
    """Class logits on a trunk: V phi(x) + b.

    classes : how many logits, for example one more than there are classes for multi-hinge.
    layer : what becomes of the fresh linear layer; the lineage's own by default.
    """

    def __init__(self, trunk: Trunk, classes: int, layer: Wrap | None = None) -> None:
        super().__init__()
        self.trunk = trunk
        self.dense = (layer or trunk.lineage.layer)(nn.Linear(trunk.width, classes))

    def features(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> phi (n, width)."""
        found: Tensor = self.trunk(images)
        return found

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) -> logits (n, classes)."""
        logits: Tensor = self.dense(self.features(images))
        return logits


HeadName = Literal["projection", "logits", "joint"]


class Judged(NamedTuple):
    """What a discriminator with two heads says of n images.

    unconditional : scores (n,), of the image alone.
    conditional : scores (n, K), one a class; for the head ``joint`` logits (n, 2K), of real and of
        fake images of each class.
    """

    unconditional: Tensor
    conditional: Tensor


class TwoHeadedDiscriminator(nn.Module):
    """One trunk, and two heads: an image alone, and an image with each class.

    u(x) = w^T phi(x) + b, and for class c of K
    ``projection``: s(x, c) = w'^T phi(x) + b' + e_c^T phi(x);
    ``logits``: s(x, c) = e_c^T phi(x) + b_c;
    ``joint``: 2K logits e_(real, c)^T phi(x) + b and e_(fake, c)^T phi(x) + b, for one softmax.
    Watanabe and Favaro (arXiv 2106.09914), section 2.2, has the heads and not their form.
    """

    def __init__(self, trunk: Trunk, classes: int, head: HeadName = "projection") -> None:
        super().__init__()
        layer = trunk.lineage.layer
        self.trunk, self.head = trunk, head
        self.unconditional = layer(nn.Linear(trunk.width, 1))
        rows = 2 * classes if head == "joint" else classes
        self.classes = layer(nn.Linear(trunk.width, rows, bias=head != "projection"))
        if head == "projection":
            self.conditional = layer(nn.Linear(trunk.width, 1))

    def forward(self, images: Tensor) -> Judged:
        """images : (n, channels, h, w) in [-1, 1]."""
        features = self.trunk(images)
        by_class = self.classes(features)
        if self.head == "projection":
            by_class = by_class + self.conditional(features)
        return Judged(self.unconditional(features).squeeze(1), by_class)
