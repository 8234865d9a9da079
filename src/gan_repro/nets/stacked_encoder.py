"""Stacked GAN's encoder: the small classifier that the generators invert level by level.

Huang et al. (arXiv 1612.04357), section 4.1, as their code has it (xunhuang1995/SGAN e235644).
"""

from collections.abc import Mapping
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import ImageShape

LEVELS = ("pool1", "pool2", "fc3", "fc4")
"""What the encoder makes of an image, from bottom to top; fc4 are class logits."""


class Encoder(nn.Module):
    """conv1, pool1, conv2, pool2, fc3, fc4: a small classifier whose maps the generators invert.

    widths : channels of conv1 and conv2: 64 and 128 for CIFAR-10, 32 and 32 for MNIST.
    mean : a buffer (channels, height, width), subtracted from images in [0, 1]: CIFAR-10's training
        mean; zeros for MNIST.
    """

    mean: Tensor

    def __init__(
        self, shape: ImageShape, classes: int, widths: tuple[int, int] = (64, 128), top: int = 256
    ) -> None:
        super().__init__()
        padding = 0 if min(shape.height, shape.width) >= 16 else 2  # valid, where there is room
        self.conv1 = nn.Conv2d(shape.channels, widths[0], 5, padding=padding)
        self.conv2 = nn.Conv2d(widths[0], widths[1], 5, padding=padding)
        self.register_buffer("mean", torch.zeros(shape))
        self.maps = {"image": tuple(shape)}
        with torch.no_grad():
            h = torch.zeros(1, *shape)
            for level in LEVELS[:2]:
                h = self.step(level, h)
                self.maps[level] = tuple(h.shape[1:])
        self.fc3 = nn.Linear(h.numel(), top)
        self.fc4 = nn.Linear(top, classes)
        self.maps |= {"fc3": (top,), "fc4": (classes,)}
        for convolution in (self.conv1, self.conv2):
            nn.init.normal_(convolution.weight, std=0.01)

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor]) -> Self:
        """The network that these weights fit, with them."""
        shape = ImageShape(*weights["mean"].shape)
        widths = len(weights["conv1.bias"]), len(weights["conv2.bias"])
        network = cls(shape, len(weights["fc4.bias"]), widths, len(weights["fc3.bias"]))
        network.load_state_dict(weights)
        return network

    def step(self, level: str, below: Tensor) -> Tensor:
        """E_i: one level of what lies just below it."""
        if level == "pool1":
            return F.max_pool2d(F.relu(self.conv1(below - self.mean)), 2)
        if level == "pool2":
            return F.max_pool2d(F.relu(self.conv2(below)), 2)
        if level == "fc3":
            return F.relu(self.fc3(below.flatten(1)))
        return self.fc4(below)

    def climb(self, h: Tensor, start: str, end: str) -> Tensor:
        """From ``h`` at level ``start`` (or ``image``, in [0, 1]) up to level ``end``."""
        order = ("image", *LEVELS)
        for level in order[order.index(start) + 1 : order.index(end) + 1]:
            h = self.step(level, h)
        return h

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """fc3 (n, top) and logits (n, classes) of images in [0, 1]."""
        features = self.climb(images, "image", "fc3")
        return features, self.fc4(features)
