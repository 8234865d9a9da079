"""Two digits side by side: 100 balanced classes, "00" to "99"."""

import numpy as np

from gan_repro import randomness
from gan_repro.errors import DataError
from gan_repro.images import ImageSet

NAMES = tuple(f"{label:02}" for label in range(100))
SEED = 0


def pair(digits: ImageSet, each: int) -> ImageSet:
    """``each`` pairs of each class, in shuffled order; the label is 10 left + right.

    A class uses all images of a digit once on its left side before it uses one again; likewise
    on its right. The same digits always give the same pairs.

    digits : images (n, channels, height, width) of the classes 0 to 9.
    return : images (100 each, channels, height, 2 width).

    Raises
    ------
    DataError
        When a digit has no image.
    """
    pools = [np.flatnonzero(digits.labels == digit) for digit in range(10)]
    absent = [str(digit) for digit, pool in enumerate(pools) if not len(pool)]
    if absent:
        raise DataError(
            f"pairs of digits: no image shows {', '.join(absent)}; expected images of 0 to 9. "
            "The raw files are damaged: fetch the data set again."
        )
    generator = randomness.numpy_generator(SEED, "datasets/pairs")
    lefts = np.concatenate([_draw(pools[label // 10], each, generator) for label in range(100)])
    rights = np.concatenate([_draw(pools[label % 10], each, generator) for label in range(100)])
    labels = np.repeat(np.arange(100, dtype=np.int64), each)
    order = generator.permutation(len(labels))
    sides = [digits.images[places[order]] for places in (lefts, rights)]
    return ImageSet(np.concatenate(sides, axis=3), labels[order], len(NAMES), NAMES)


def _draw(pool: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """``count`` of ``pool`` in random order, none again before all others."""
    rounds = -(-count // len(pool))
    return np.concatenate([generator.permutation(pool) for _ in range(rounds)])[:count]
