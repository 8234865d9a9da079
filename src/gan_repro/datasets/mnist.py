"""MNIST: handwritten digits, 28x28, grey (LeCun, Cortes, Burges 1998)."""

from pathlib import Path

from gan_repro.datasets import _idx
from gan_repro.images import ImageSet

NAMES = tuple("0123456789")


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (60,000) or ``test`` (10,000) from the four IDX files in ``folder``."""
    return _idx.read("MNIST", NAMES, folder, split)
