"""Small pictures of what a run makes: a grid of samples, or a classifier's confusions."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_repro.images import MISSING, ImageSet
from gan_repro.measuring import Reference

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 10
LARGEST = 190_000
"""Bytes of raw pixels in a sheet before enlarging: its PNG then stays below 200 kB."""


def samples(images: ImageSet, by_class: bool = True) -> "Image":
    """A grid of generated images.

    by_class : whether labels name classes: then a row is a class (the first ten), and a generated
        soft label counts as its largest entry (JGAN Figure 4, whose classes cannot be chosen).
        Otherwise, and without labels, the first images.
    """
    labels = images.labels.argmax(axis=1) if images.labels.ndim == 2 else images.labels
    size = int(np.prod(images.shape))
    if not by_class or images.classes == 1 or (labels == MISSING).all():
        columns = max(1, min(SIDE, math.isqrt(LARGEST // size)))
        rows = [np.arange(i, min(i + columns, len(images))) for i in _starts(images, columns)]
    else:
        classes = range(min(images.classes, SIDE))
        columns = max(1, min(SIDE, LARGEST // (len(classes) * size)))
        rows = [np.flatnonzero(labels == c)[:columns] for c in classes]
    return _grid([images.images[row] for row in rows], columns, images)


def classifications(reference: Reference) -> "Image":
    """Rows: the labels; columns: the classifier's answers; white: all of a label's images."""
    answers = reference.features.class_logits().argmax(axis=1)
    counts = np.zeros((reference.classes, reference.classes))
    np.add.at(counts, (reference.labels, answers), 1)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    return _enlarged(
        np.rint(255 * shares).astype(np.uint8)[..., None], max(1, 200 // reference.classes)
    )


def grid(images: ImageSet, columns: int) -> "Image":
    """Images row by row, so many a row."""
    starts = range(0, len(images), columns)
    return _grid([images.images[start : start + columns] for start in starts], columns, images)


def grid_of(rows: Sequence[np.ndarray], columns: int, images: ImageSet) -> "Image":
    """The images at the places (n,) that each row names; the rest of a short row stays grey."""
    return _grid([images.images[row] for row in rows], columns, images)


def most(size: int) -> int:
    """How many images of ``size`` bytes fit on a sheet."""
    return max(1, LARGEST // size)


def _starts(images: ImageSet, columns: int) -> range:
    return range(0, min(columns * columns, len(images)), columns)


def _grid(rows: list[np.ndarray], columns: int, images: ImageSet) -> "Image":
    """Images side by side with a grey line between; places without an image stay grey."""
    channels, height, width = images.shape
    canvas = np.full((len(rows) * (height + 1) + 1, columns * (width + 1) + 1, channels), 96)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            top, left = i * (height + 1) + 1, j * (width + 1) + 1
            canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return _enlarged(canvas.astype(np.uint8), max(1, 56 // max(height, width)))


def _enlarged(pixels: np.ndarray, times: int) -> "Image":
    """Pixels (height, width, channels) as a picture, each repeated ``times`` both ways."""
    from PIL import Image

    large = pixels.repeat(times, axis=0).repeat(times, axis=1)
    return Image.fromarray(large[..., 0] if large.shape[2] == 1 else large)
