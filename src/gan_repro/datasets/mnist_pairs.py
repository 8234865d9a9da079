"""Pairs of MNIST's digits, 28x56, grey: 100 balanced classes where CIFAR-100 is too large."""

from pathlib import Path

from gan_repro.datasets import _idx, _pairs
from gan_repro.images import ImageSet

EACH = {"train": 600, "test": 100}
"""How many pairs each class has."""


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (60,000) or ``test`` (10,000) from MNIST's IDX files in ``folder``."""
    digits = _idx.read("MNIST", tuple("0123456789"), folder, split)  # refuses an unknown split
    return _pairs.pair(digits, EACH[split])
