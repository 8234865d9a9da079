"""CelebA: faces of women and men, 32x32 (Liu, Luo, Wang, Tang 2015)."""

from pathlib import Path

from gan_repro.datasets import _celeba
from gan_repro.images import ImageSet


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (162,770), ``valid`` (19,867) or ``test`` (19,962)."""
    return _celeba.read(_celeba.GENDER, 32, folder, split)
