"""Handwritten digits, 8x8, grey, that scikit-learn embeds (Alpaydin and Kaynak 1998)."""

from pathlib import Path

from gan_repro.datasets import _digits
from gan_repro.images import ImageSet


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (1,442) or ``test`` (355); nothing is read from ``folder``."""
    return _digits.read(split)
