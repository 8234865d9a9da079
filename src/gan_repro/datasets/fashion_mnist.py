"""Fashion-MNIST: pictures of clothes, 28x28, grey (Xiao, Rasul, Vollgraf 2017)."""

from pathlib import Path

from gan_repro.datasets import _idx
from gan_repro.images import ImageSet

NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (60,000) or ``test`` (10,000) from the four IDX files in ``folder``."""
    return _idx.read("FashionMNIST", NAMES, folder, split)
