"""What extractors share that look at one image in several ways through a given network."""

from typing import TYPE_CHECKING

import numpy as np

from gan_repro.measuring import Extractor, Features

if TYPE_CHECKING:
    from torch import Tensor

FACTORS = (2, 4)
"""A half and a quarter of the side, as 128, 64 and 32 pixels."""


class Halved:
    """Logits of images as they are, and as features those at half and at quarter size."""

    def __init__(self, whole: Extractor) -> None:
        self._whole, self.sha256 = whole, whole.sha256

    def features(self, images: np.ndarray, batch_size: int = 100) -> Features:
        """uint8 images (n, c, h, w) -> logits (n, k) and features (n, 2 k)."""
        logits = self._whole.features(images, batch_size).class_logits()
        smaller = []
        for factor in FACTORS:
            found = [
                self._whole.features(resized(images[start : start + batch_size], factor))
                for start in range(0, len(images), batch_size)
            ]
            smaller.append(np.concatenate([part.class_logits() for part in found]))
        return Features(np.concatenate(smaller, axis=1), logits)


class Pixels:
    """Logits of images, and as features their pixels."""

    def __init__(self, whole: Extractor) -> None:
        self._whole, self.sha256 = whole, whole.sha256

    def features(self, images: np.ndarray, batch_size: int = 100) -> Features:
        """uint8 images (n, c, h, w) -> logits (n, k) and uint8 features (n, c * h * w)."""
        logits = self._whole.features(images, batch_size).class_logits()
        return Features(np.array(images).reshape(len(images), -1), logits)


def resized(images: np.ndarray, factor: int) -> np.ndarray:
    """uint8 images that have lost detail: a factor smaller, and as large as before.

    Both ways bilinear, with antialiasing where the image shrinks, and rounded to whole levels. A
    side is at least 1 pixel.
    """
    import torch
    from torch.nn.functional import interpolate

    height, width = images.shape[2:]
    small = (max(1, height // factor), max(1, width // factor))

    def bilinear(x: "Tensor", size: tuple[int, int]) -> "Tensor":
        found = interpolate(x, size=size, mode="bilinear", antialias=size == small)
        return found.round().clamp(0, 255)

    pixels = torch.from_numpy(np.array(images)).float()
    return bilinear(bilinear(pixels, small), (height, width)).byte().numpy()
