"""Sets of images in memory, their shape, and the named ways to scale pixels for a network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gan_repro.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    import torch

MISSING = -1
"""The label of an image whose label is not given."""


class ImageShape(NamedTuple):
    """Channels, height and width of an image, in that order."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class ImageSet:
    """Images and their labels.

    images : uint8 array (n, channels, height, width) in [0, 255]; may be memory-mapped.
    labels : int64 array (n,) of classes, ``MISSING`` where none is given,
        or float32 array (n, classes) of soft labels.
    classes : how many classes there are.
    names : one name a class, or empty.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: int
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise DataError(
                f"images are {self.images.dtype} of shape {self.images.shape}; "
                "expected uint8 of shape (n, channels, height, width)"
            )
        if len(self.images) != len(self.labels):
            raise DataError(f"{len(self.images)} images have {len(self.labels)} labels")
        if self.labels.ndim == 2 and self.labels.shape[1] != self.classes:
            raise DataError(f"soft labels have {self.labels.shape[1]} columns, not {self.classes}")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> ImageShape:
        """The shape that all images share."""
        return ImageShape(*self.images.shape[1:])

    def first(self, count: int | None) -> "ImageSet":
        """The first ``count`` images, or all of them for None."""
        return ImageSet(self.images[:count], self.labels[:count], self.classes, self.names)


@dataclass(frozen=True)
class LabelSet:
    """Labels made from an ImageSet, and how they were made.

    labels : as ``ImageSet.labels``.
    manifest : kind, rate asked, rate realised, transition matrix, seed, sha256 of the clean labels.
    """

    labels: np.ndarray
    manifest: dict[str, Any]


@dataclass(frozen=True)
class PixelScaling:
    """How uint8 pixels become a network's numbers, and back.

    forward : (uint8 tensor, generator for dequantisation noise) -> float32 tensor.
    inverse : float tensor -> uint8 tensor; ``inverse(forward(x)) == x``, but for about 5 pixels in
        a million where float32 rounds dequantisation noise up to the next level.
    """

    forward: "Callable[[torch.Tensor, torch.Generator | None], torch.Tensor]"
    inverse: "Callable[[torch.Tensor], torch.Tensor]"


def _dequantised(pixels: "torch.Tensor", noise: "torch.Generator | None") -> "torch.Tensor":
    import torch

    jitter = torch.rand(pixels.shape, generator=noise, device=pixels.device)
    return pixels.float().add_(jitter).div_(128.0).sub_(1.0)


def _from_128(values: "torch.Tensor") -> "torch.Tensor":
    import torch

    return values.float().add(1.0).mul(128.0).floor().clamp(0, 255).to(torch.uint8)


def _from_range(low: float, high: float) -> "Callable[[torch.Tensor], torch.Tensor]":
    def inverse(values: "torch.Tensor") -> "torch.Tensor":
        import torch

        unit = (values.float() - low) / (high - low)
        return unit.mul(255.0).round().clamp(0, 255).to(torch.uint8)

    return inverse


SCALINGS = {
    # x/128 - 1 + U(0, 1/128): SN-GAN's own dequantisation (sngan_projection datasets/cifar10.py)
    "dequantised": PixelScaling(_dequantised, _from_128),
    "symmetric": PixelScaling(lambda x, _: x.float() / 127.5 - 1.0, _from_range(-1.0, 1.0)),
    "unit": PixelScaling(lambda x, _: x.float() / 255.0, _from_range(0.0, 1.0)),
}
"""Pixel scalings by name: ``dequantised`` and ``symmetric`` fill [-1, 1], ``unit`` fills [0, 1]."""


def pixel_scaling(name: str) -> PixelScaling:
    """The scaling called ``name``; raises ConfigurationError naming the known ones."""
    if name not in SCALINGS:
        raise ConfigurationError(
            f"pixels: no scaling is called {name!r}. Known: {', '.join(SCALINGS)}."
        )
    return SCALINGS[name]
