"""The networks of Energy-based GAN (Dai et al. 2017) for CIFAR-10, and for any other size.

DCGANs with convolutions of 4, one of 3 that keeps the size at the image, batch norm on every map,
and ReLU. zihangdai/cegan_iclr2017, cifar10/conv_cifar10_energy_gan.py.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.dcgan import initialise
from gan_repro.nets.resnet import upsample_steps


def _normed(conv: nn.Module, outputs: int) -> tuple[nn.Module, ...]:
    return conv, nn.BatchNorm2d(outputs), nn.ReLU()


class Generator(nn.Module):
    """Dense, transposed convolutions that double, and a convolution to the image; tanh.

    width : channels of the last map before the image; each map below it has twice as many, but the
        dense layer no more than the map after it. 128 gives 512, 512, 256, 128 at 32 pixels.
    """

    def __init__(self, shape: ImageShape, latent_size: int, width: int) -> None:
        super().__init__()
        steps = upsample_steps(shape)
        widths = [width << step for step in reversed(range(steps))]
        bottom = (widths[0], shape.height >> steps, shape.width >> steps)
        size = math.prod(bottom)
        dense = nn.Linear(latent_size, size, bias=False)
        layers: list[nn.Module] = [dense, nn.BatchNorm1d(size), nn.ReLU(), nn.Unflatten(1, bottom)]
        for inputs, outputs in zip([widths[0], *widths], widths, strict=False):
            conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, padding=1, bias=False)
            layers += _normed(conv, outputs)
        to_image = nn.ConvTranspose2d(width, shape.channels, 3, padding=1)
        self.layers = nn.Sequential(*layers, to_image)
        initialise(self)

    def forward(self, latents: Tensor) -> Tensor:
        """latents : (n, latent_size) -> images (n, channels, height, width) in [-1, 1]."""
        return torch.tanh(self.layers(latents).float())


class Stack(nn.Module):
    """The generator's mirror, with ``outputs`` numbers for each image.

    width : channels of the first map; the next have 2, 4, and then always 4 times as many.
    """

    def __init__(self, shape: ImageShape, width: int, outputs: int) -> None:
        super().__init__()
        steps = upsample_steps(shape)
        widths = [width * min(1 << step, 4) for step in range(steps + 1)]
        first = nn.Conv2d(shape.channels, width, 3, padding=1, bias=False)
        layers = [*_normed(first, width)]
        for inputs, channels in pairwise(widths):
            conv = nn.Conv2d(inputs, channels, 4, 2, padding=1, bias=False)
            layers += _normed(conv, channels)
        size = widths[-1] * (shape.height >> steps) * (shape.width >> steps)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(size, outputs))
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> (n, outputs)."""
        return self.layers(images).float()
