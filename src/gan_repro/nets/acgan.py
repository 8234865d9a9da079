"""AC-GAN's networks, for any size and number of channels.

Odena et al. 2017 (arXiv 1610.09585), appendix A, and clvrai/ACGAN-PyTorch at 4bd0405, network.py.
Weights N(0, .02) and biases of 0 are the appendix', scales N(1, .02) the code's: as nets/dcgan.py.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.dcgan import doubling, initialise
from gan_repro.nets.noise import GaussianNoise
from gan_repro.nets.resnet import upsample_steps

SLOPE = 0.2  # appendix A
CONVOLUTIONS = 6  # appendix A, of D


class Generator(nn.Module):
    """G(z, c): a dense layer of [z, row of c], which is a map, and layers up to the image; tanh."""

    def __init__(
        self, input_size: int, bottom: tuple[int, int, int], layers: list[nn.Module]
    ) -> None:
        super().__init__()
        self.bottom = bottom
        self.dense = nn.Linear(input_size, math.prod(bottom))
        self.layers = nn.Sequential(*layers)
        initialise(self)

    def forward(self, latents: Tensor, rows: Tensor) -> Tensor:
        """latents : (n, k); rows : (n, input_size - k) -> images (n, channels, h, w)."""
        x = self.dense(torch.cat([latents, rows], dim=1)).unflatten(1, self.bottom)
        return torch.tanh(self.layers(x).float())


def normed(layer: nn.Module, outputs: int) -> list[nn.Module]:
    """The layer, batch norm, ReLU."""
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]


def generator_a(shape: ImageShape, input_size: int, width: int) -> Generator:
    """The paper's pattern: dense to a small map, ReLU, transposed 5x5 convolutions that double.

    width : channels of the first map, 384 for CIFAR-10; 192 and 96 follow.
    """
    steps = max(1, upsample_steps(shape))
    widths = [max(1, width >> step) for step in range(steps)]
    layers: list[nn.Module] = [nn.ReLU()]
    for inputs, outputs in pairwise(widths):
        layers += normed(doubling(inputs, outputs), outputs)
    bottom = (width, shape.height >> steps, shape.width >> steps)
    return Generator(input_size, bottom, [*layers, doubling(widths[-1], shape.channels)])


def generator_imagenet(shape: ImageShape, input_size: int, width: int) -> Generator:
    """Appendix A's table for 128x128: dense to a small map, ReLU, four layers that double.

    The table has a dense layer of 768 and nothing that makes a map of it, from which four doublings
    cannot reach 128: here it makes a map of 8x8, and of 4x4 for 64x64. Smaller images have as many
    doublings as their sides allow, of the four's last.

    width : channels of the first map, 768; a half, a third and a quarter as many follow.
    """
    steps = next(k for k in range(4, -1, -1) if not (shape.height % 2**k or shape.width % 2**k))
    first = 5 - steps  # the part of the width that the first map has: 1, or of fewer layers less
    widths = [max(1, width // part) for part in range(first, 5)]
    layers: list[nn.Module] = [nn.ReLU()]
    for inputs, outputs in pairwise(widths):
        layers += normed(doubling(inputs, outputs), outputs)
    bottom = (widths[0], shape.height >> steps, shape.width >> steps)
    return Generator(input_size, bottom, [*layers, doubling(widths[-1], shape.channels)])


def generator_b(shape: ImageShape, input_size: int, width: int) -> Generator:
    """_netG_CIFAR10: dense to one place, a transposed convolution that opens it, 4x4 that double.

    width : channels of the one place, 384; 192, 96 and 48 follow.
    """
    steps = max(1, upsample_steps(shape))
    widths = [max(1, width >> step) for step in range(1, steps + 1)]
    opened = (shape.height >> steps, shape.width >> steps)
    layers = normed(nn.ConvTranspose2d(width, widths[0], opened, bias=False), widths[0])
    for inputs, outputs in pairwise(widths):
        layers += normed(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), outputs)
    last = nn.ConvTranspose2d(widths[-1], shape.channels, 4, 2, 1, bias=False)
    return Generator(input_size, (width, 1, 1), [*layers, last])


class Discriminator(nn.Module):
    """D(x): six 3x3 convolutions, each other one with stride 2, and two heads on the last map.

    width : channels of the first map, 16; each further one has twice as many.
    classes : of the class head; 0 for none.
    noise : deviation of the activation noise. Without it D is blind to contrast: no bias stands
        before the first batch norm, which divides by an image's scale, so that G may fade to grey.
        With it, a faded image drowns in the noise.
    """

    def __init__(
        self, shape: ImageShape, width: int, classes: int, noise: float, dropout: float
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = shape.channels
        for step in range(CONVOLUTIONS):
            outputs = width << step
            layers.append(nn.Conv2d(inputs, outputs, 3, 2 - step % 2, padding=1, bias=False))
            layers += [nn.BatchNorm2d(outputs)] if step else []  # none on the first
            layers += [nn.LeakyReLU(SLOPE), GaussianNoise(noise), nn.Dropout(dropout)]
            inputs = outputs
        places = math.prod(math.ceil(side / 8) for side in (shape.height, shape.width))
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.source = nn.Linear(inputs * places, 1)
        self.classify = nn.Linear(inputs * places, classes) if classes else None
        initialise(self)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images : (n, channels, h, w) -> scores (n,) and class logits (n, classes)."""
        features = self.layers(images)
        scores = self.source(features).squeeze(1)
        return scores, self.classify(features) if self.classify else scores.new_zeros(
            len(scores), 0
        )
