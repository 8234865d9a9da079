"""The handwritten digits that scikit-learn embeds, and their split."""

import numpy as np

from gan_repro.errors import DataError
from gan_repro.images import ImageSet

NAMES = tuple("0123456789")


def read(split: str) -> ImageSet:
    """The split ``train`` (1,442) or ``test`` (355): uint8 (n, 1, 8, 8).

    scikit-learn's 1,797 images in [0, 16] are stretched to [0, 255]. Of each class, every fifth
    image in the order of the file (where writers follow each other) is a test image.

    Raises
    ------
    DataError
        When no split has that name.
    """
    from sklearn.datasets import load_digits

    if split not in {"train", "test"}:
        raise DataError(f"digits: no split is called {split!r}; known: train, test")
    digits = load_digits()
    labels = digits.target.astype(np.int64)
    held_out = np.zeros(len(labels), dtype=bool)
    for label in range(len(NAMES)):
        held_out[np.flatnonzero(labels == label)[4::5]] = True
    chosen = held_out if split == "test" else ~held_out
    pixels = np.rint(digits.images[chosen, None] * (255 / 16)).astype(np.uint8)
    return ImageSet(pixels, labels[chosen], len(NAMES), NAMES)
