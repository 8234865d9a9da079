"""The DCGAN family, for any image size and number of channels.

Radford, Metz and Chintala 2016, section 3: strided convolutions and no pooling, batch norm except
on G's output and D's input, ReLU in G, LeakyReLU in D, weights N(0, .02). Kernels of 5, no biases
but batch norm's, and its scales N(1, .02) are those of Newmu/dcgan_code, faces/train_uncond_dcgan.
"""

import math

import torch
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.resnet import upsample_steps

KERNEL = 5  # dcgan_code, models.py
SLOPE = 0.2  # section 3
DEVIATION = 0.02  # section 3


def initialise(network: nn.Module) -> None:
    """Weights N(0, .02), batch norms' scales N(1, .02), biases and shifts 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, DEVIATION)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, DEVIATION)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """(n, inputs, h, w) -> (n, outputs, 2h, 2w)."""
    return nn.ConvTranspose2d(
        inputs, outputs, KERNEL, stride=2, padding=KERNEL // 2, output_padding=1, bias=False
    )


def halving(inputs: int, outputs: int) -> nn.Conv2d:
    """(n, inputs, h, w) -> (n, outputs, h/2, w/2)."""
    return nn.Conv2d(inputs, outputs, KERNEL, stride=2, padding=KERNEL // 2, bias=False)


class Generator(nn.Module):
    """Dense, then transposed convolutions that double up to the image; tanh.

    width : channels of the map before the image; each map below it has twice as many, down to a
        side of 4 pixels (6 of 48, 7 of 28). 128 gives 512, 256, 128 at 32 pixels.
    """

    def __init__(self, shape: ImageShape, input_size: int, width: int) -> None:
        super().__init__()
        steps = upsample_steps(shape)
        widths = [width << step for step in reversed(range(steps))]
        self.bottom = (widths[0], shape.height >> steps, shape.width >> steps)
        size = math.prod(self.bottom)
        self.dense = nn.Linear(input_size, size, bias=False)
        self.norm = nn.BatchNorm1d(size)  # each unit of the dense layer by itself: dcgan_code
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for outputs in widths[1:])
        self.convs = nn.ModuleList(map(doubling, widths, [*widths[1:], shape.channels]))
        initialise(self)

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs : (n, input_size) -> images (n, channels, height, width) in [-1, 1]."""
        x = self.norm(self.dense(inputs)).relu().unflatten(1, self.bottom)
        for conv, norm in zip(self.convs[:-1], self.norms, strict=True):
            x = norm(conv(x)).relu()
        return torch.tanh(self.convs[-1](x).float())


class Discriminator(nn.Module):
    """Convolutions that halve down to the generator's first map, and a dense layer on all of it.

    width : channels of the first map; each further one has twice as many.
    outputs : 1 for scores (n,), else rows (n, outputs).
    channels : of what it sees, where that is more than the image (labels as constant channels).
    dropout : the share of each map that is dropped.
    depth : how many convolutions; as many as the generator has, unless given.
    features_size : how many features an image has.
    """

    def __init__(
        self,
        shape: ImageShape,
        width: int,
        outputs: int = 1,
        channels: int | None = None,
        dropout: float = 0.0,
        depth: int | None = None,
    ) -> None:
        super().__init__()
        steps = depth or upsample_steps(shape)
        layers: list[nn.Module] = []
        inputs = channels or shape.channels
        for step in range(steps):
            layers.append(halving(inputs, width << step))
            inputs = width << step
            norm = [nn.BatchNorm2d(inputs)] if step else []  # none on the first map: section 3
            drop = [nn.Dropout(dropout)] if dropout else []
            layers += [*norm, nn.LeakyReLU(SLOPE), *drop]
        self.layers = nn.Sequential(*layers)
        self.features_size = inputs * (shape.height >> steps) * (shape.width >> steps)
        self.dense = nn.Linear(self.features_size, outputs, bias=False)
        self.outputs = outputs
        initialise(self)

    def features(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) -> the last map, flat, (n, features_size)."""
        return self.layers(images).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) -> scores (n,), or (n, outputs) if there are several."""
        scores = self.dense(self.features(images))
        return scores.squeeze(1) if self.outputs == 1 else scores
