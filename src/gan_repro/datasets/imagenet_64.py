"""ImageNet: photographs of 1,000 kinds of things, 64x64 (Russakovsky et al. 2015)."""

from pathlib import Path

from gan_repro.datasets import _image_folder
from gan_repro.images import ImageSet

SIZE = 64


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (1,281,167) or ``test`` (ImageNet's validation images, 50,000)."""
    return _image_folder.read(folder, "imagenet", SIZE, split)
