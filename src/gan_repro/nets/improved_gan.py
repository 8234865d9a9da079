"""The networks of Improved GAN (Salimans et al. 2016) for CIFAR-10, and for any other size.

openai/improved-gan at 4f5d1ec, mnist_svhn_cifar10/train_cifar_minibatch_discrimination.py.
"""

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.minibatch import MinibatchDiscrimination
from gan_repro.nets.noise import GaussianNoise
from gan_repro.nets.resnet import upsample_steps
from gan_repro.nets.weight_norm import WeightNorm

FIRST = 100
"""Latents that set the generator's last scales."""


class ShiftedNorm(nn.Module):
    """Batch norm with a shift and no scale (``g=None``), then ReLU."""

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        super().__init__()
        self.norm, self.shift = norm, nn.Parameter(torch.zeros(norm.num_features))

    def forward(self, x: Tensor) -> Tensor:
        """(n, features, ...) -> the same."""
        return (self.norm(x) + self.shift.view(-1, *[1] * (x.ndim - 2))).relu()


def doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """(n, inputs, h, w) -> (n, outputs, 2h, 2w); weights N(0, .05)."""
    layer = nn.ConvTranspose2d(inputs, outputs, 5, 2, padding=2, output_padding=1, bias=False)
    nn.init.normal_(layer.weight, 0.0, 0.05)
    return layer


class Generator(nn.Module):
    """Dense, and transposed convolutions with batch norm, the last with weight norm; tanh.

    width : channels of the map before the image; each map below it has twice as many.
    """

    def __init__(self, shape: ImageShape, latent_size: int, width: int) -> None:
        super().__init__()
        steps = upsample_steps(shape)
        widths = [width << step for step in reversed(range(steps))]
        bottom = (widths[0], shape.height >> steps, shape.width >> steps)
        size = math.prod(bottom)
        dense = nn.Linear(latent_size, size, bias=False)
        nn.init.normal_(dense.weight, 0.0, 0.05)
        layers: list[nn.Module] = [dense, ShiftedNorm(nn.BatchNorm1d(size, 1e-6, affine=False))]
        layers.append(nn.Unflatten(1, bottom))
        for inputs, outputs in pairwise(widths):
            norm = ShiftedNorm(nn.BatchNorm2d(outputs, 1e-6, affine=False))
            layers += [doubling(inputs, outputs), norm]
        self.layers = nn.Sequential(*layers)
        last = doubling(width, shape.channels)
        self.to_image = WeightNorm(last, learns_scale=True, deviation=0.1)
        with torch.no_grad():
            self.to_image.initialise(self.layers(torch.rand(FIRST, latent_size)))

    def forward(self, latents: Tensor) -> Tensor:
        """latents : (n, latent_size) -> images (n, channels, height, width) in [-1, 1]."""
        return torch.tanh(self.to_image(self.layers(latents)).float())


def _block(inputs: int, width: int, dropout: float) -> list[nn.Module]:
    """Three 3x3 convolutions, the last of which halves, and dropout."""
    layers: list[nn.Module] = []
    for channels, stride in ((inputs, 1), (width, 1), (width, 2)):
        conv = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        layers += [WeightNorm(conv), nn.LeakyReLU(0.2)]
    return [*layers, nn.Dropout(dropout)]


class Discriminator(nn.Module):
    """Nine convolutions with weight norm, global pooling, minibatch discrimination, class logits.

    width : channels of the first three, 96 there; the others have twice as many.
    kernels : of minibatch discrimination; 0 for none.
    """

    def __init__(
        self,
        shape: ImageShape,
        width: int,
        classes: int,
        kernels: int,
        noise: float,
        dropout: float,
    ) -> None:
        super().__init__()
        layers = [GaussianNoise(noise), *_block(shape.channels, width, dropout)]
        layers += _block(width, 2 * width, dropout)
        narrow = min(shape.height, shape.width) <= 8  # 2x2 left: no room for a 3x3 without padding
        for kernel, padding in ((3, int(narrow)), (1, 0), (1, 0)):
            conv = nn.Conv2d(2 * width, 2 * width, kernel, padding=padding, bias=False)
            layers += [WeightNorm(conv), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        neighbours = MinibatchDiscrimination(2 * width, kernels) if kernels else nn.Identity()
        dense = nn.Linear(2 * width + kernels, classes, bias=False)
        self.head = nn.Sequential(neighbours, WeightNorm(dense, learns_scale=True, deviation=0.1))

    def features(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> (n, 2 width), without the batch's others."""
        return cast(Tensor, self.layers(images))

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> logits (n, classes)."""
        return cast(Tensor, self.head(self.features(images)))

    @torch.no_grad()
    def initialise(self, images: Tensor) -> None:
        """Let a first batch set the scales and shifts of all layers, one after the other."""
        x = images
        for layer in (*self.layers, *self.head):
            own = isinstance(layer, WeightNorm | MinibatchDiscrimination)
            x = layer.initialise(x) if own else layer(x)
