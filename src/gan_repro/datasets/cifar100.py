"""CIFAR-100: coloured pictures of 100 kinds of things, 32x32 (Krizhevsky 2009)."""

from pathlib import Path

from gan_repro.datasets import _cifar
from gan_repro.images import ImageSet


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (50,000) or ``test`` (10,000) from the python archive in ``folder``."""
    return _cifar.read("CIFAR100", folder, split)
