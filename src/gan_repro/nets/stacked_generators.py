"""Stacked GAN's generators: features from noise and what lies above them, images from features.

Huang et al. (arXiv 1612.04357), as their code has them (xunhuang1995/SGAN e235644, cifar/ and
mnist/). The two data sets' networks differ in more than size, so ``style`` names whose they are.
"""

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from gan_repro.images import ImageShape

Style = Literal["cifar10", "mnist"]
NOISE_FEATURES = 128
"""What G_0's noise becomes before it meets the condition."""


def small(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """The layer with weights N(0, 0.02) and zero bias."""
    nn.init.normal_(layer.weight, std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def dense(inputs: int, outputs: int) -> nn.Sequential:
    """Linear, batch norm, ReLU."""
    return nn.Sequential(
        small(nn.Linear(inputs, outputs)), nn.BatchNorm1d(outputs, eps=1e-6), nn.ReLU()
    )


class FeatureGenerator(nn.Module):
    """G_i for features: [noise, condition] -> features after a ReLU, as the encoder's are.

    made : the features' shape.
    condition : how many numbers the level above has; 0 for none.
    width : of hidden layers, 512. CIFAR-10's noise and label pass a layer each before they meet.
    """

    def __init__(
        self, noise: int, condition: int, made: tuple[int, ...], width: int, style: Style
    ) -> None:
        super().__init__()
        self.made, apart = made, style == "cifar10"
        self.of_noise = dense(noise, width // 2) if apart else nn.Identity()
        self.of_condition = dense(condition, width) if apart and condition else nn.Identity()
        both = (width // 2 if apart else noise) + (width if apart and condition else condition)
        self.hidden = nn.Sequential(dense(both, width), dense(width, width))
        self.out = nn.Sequential(small(nn.Linear(width, math.prod(made))), nn.ReLU())

    def forward(self, noise: Tensor, condition: Tensor | None) -> Tensor:
        """noise (n, z); condition (n, ...) or None -> (n, *made)."""
        parts = [self.of_noise(noise)]
        if condition is not None:
            parts.append(self.of_condition(condition.flatten(1)))
        made: Tensor = self.out(self.hidden(torch.cat(parts, dim=1)))
        return made.unflatten(1, self.made)


class ImageGenerator(nn.Module):
    """G_0: [condition, noise] -> images in [0, 1], by transposed 5x5 convolutions.

    width : channels at the bottom: 256 for CIFAR-10, 128 for MNIST.
    """

    def __init__(
        self, noise: int, condition: int, shape: ImageShape, width: int, style: Style
    ) -> None:
        super().__init__()
        steps = doublings(shape)
        layers = 2 if style == "cifar10" else 1
        sizes = pairwise([noise, *[NOISE_FEATURES] * layers])
        self.of_noise = nn.Sequential(*(dense(a, b) for a, b in sizes))
        self.bottom = (width, *bottom_of(shape))
        self.lift = dense(condition + NOISE_FEATURES, math.prod(self.bottom))
        half = max(1, width // 2)
        channels = [*(width, width, half, half)[: len(steps)], shape.channels]
        self.blocks = nn.ModuleList(
            small(_deconvolution(a, b, doubles))
            for (a, b), doubles in zip(pairwise(channels), steps, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(b, eps=1e-6) for b in channels[1:-1])

    def forward(self, noise: Tensor, condition: Tensor | None) -> Tensor:
        """noise (n, z); condition (n, ...) or None -> (n, *shape)."""
        parts = [] if condition is None else [condition.flatten(1)]
        x = self.lift(torch.cat([*parts, self.of_noise(noise)], dim=1)).unflatten(1, self.bottom)
        for block, norm in zip(self.blocks, self.norms, strict=False):
            x = torch.relu(norm(block(x)))
        return torch.sigmoid(self.blocks[-1](x).float())


def doublings(shape: ImageShape) -> tuple[bool, ...]:
    """Which transposed convolutions double; the others add 4 pixels. 32 from 5, 28 from 4.

    Twice (double, add 4) make 4 b + 12 pixels of b; images too small for that are doubled twice.
    """
    return (True, False, True, False) if min(shape[1:]) > 12 else (True, True)


def bottom_of(shape: ImageShape) -> tuple[int, int]:
    """Height and width that the transposed convolutions start from."""
    less = 12 if len(doublings(shape)) == 4 else 0
    return (shape.height - less) // 4, (shape.width - less) // 4


def _deconvolution(inputs: int, outputs: int, doubles: bool) -> nn.ConvTranspose2d:
    """n -> 2 n pixels, or n -> n + 4."""
    if doubles:
        return nn.ConvTranspose2d(inputs, outputs, 5, stride=2, padding=2, output_padding=1)
    return nn.ConvTranspose2d(inputs, outputs, 5)
