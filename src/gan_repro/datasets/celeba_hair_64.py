"""CelebA: faces with hair of four colours or none, 64x64 (Liu, Luo, Wang, Tang 2015)."""

from pathlib import Path

from gan_repro.datasets import _celeba
from gan_repro.images import ImageSet


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train``, ``valid`` or ``test``, without faces that fit no class or several."""
    return _celeba.read(_celeba.HAIR, 64, folder, split)
