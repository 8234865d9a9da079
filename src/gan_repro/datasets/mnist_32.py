"""MNIST: handwritten digits, grey, enlarged from 28x28 to 32x32 (LeCun, Cortes, Burges 1998)."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gan_repro.datasets import _idx
from gan_repro.images import ImageSet

SIZE = 32
NAMES = tuple("0123456789")


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (60,000) or ``test`` (10,000) from MNIST's IDX files in ``folder``."""
    digits = _idx.read("MNIST", NAMES, folder, split)  # refuses an unknown split
    return replace(digits, images=enlarge(digits.images))


def enlarge(images: np.ndarray) -> np.ndarray:
    """Pillow's bilinear filter: along the rows, then along the columns, each rounded to whole grey.

    The centre of pixel i lies at 28 (i + 0.5) / 32 - 0.5 in the smaller image; it is mixed from the
    two pixels beside that place, and at the border it is the border's. The filter is Pillow's
    antialiased one, which is plain bilinear where an image grows. Digits fill the image: there is
    no new margin, as zero padding to 32x32 would make.

    images : uint8 (n, 1, 28, 28) -> uint8 (n, 1, 32, 32).
    """
    from PIL import Image

    enlarged = np.empty((len(images), 1, SIZE, SIZE), dtype=np.uint8)
    for number, (image,) in enumerate(images):
        large = Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        enlarged[number, 0] = np.asarray(large)
    return enlarged
