"""Pairs of scikit-learn's digits, 8x16, grey: 100 balanced classes where CIFAR-100 is too large."""

from pathlib import Path

from gan_repro.datasets import _digits, _pairs
from gan_repro.images import ImageSet

EACH = {"train": 20, "test": 10}
"""How many pairs each class has."""


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (2,000) or ``test`` (1,000); nothing is read from ``folder``."""
    digits = _digits.read(split)  # refuses an unknown split
    return _pairs.pair(digits, EACH[split])
