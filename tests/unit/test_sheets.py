"""Sheets: rows are classes, places without a sample stay grey, and the file is small."""

import io

import numpy as np
import pytest
from PIL import Image

from gan_repro import sheets
from gan_repro.images import MISSING, ImageSet, ImageShape
from gan_repro.measuring import Features, Reference, moments

GREY = 96


def flat(values: list[int], labels: np.ndarray, classes: int) -> ImageSet:
    """One-colour 28 x 28 images, whose value tells which is which."""
    images = np.zeros((len(values), 1, 28, 28), np.uint8) + np.uint8(values)[:, None, None, None]
    return ImageSet(images, labels, classes)


def cells(picture: Image.Image, side: int = 28) -> np.ndarray:
    """The value in the middle of each place."""
    pixels = np.asarray(picture)
    times = round(pixels.shape[1] / (10 * (side + 1) + 1))
    middle = (np.arange(10) * (side + 1) + 1 + side // 2) * times
    rows = middle[middle < pixels.shape[0]]
    return pixels[np.ix_(rows, middle)]


def test_rows_are_classes() -> None:
    labels = np.array([1, 0, 1, 2, 2, 2])
    found = cells(sheets.samples(flat([11, 1, 12, 21, 22, 23], labels, 3)))
    assert found[:, :4].tolist() == [
        [1, GREY, GREY, GREY],
        [11, 12, GREY, GREY],
        [21, 22, 23, GREY],
    ]


def test_a_soft_labels_row_is_its_largest_entry() -> None:
    soft = np.float32([[0.4, 0.6], [0.9, 0.1]])
    found = cells(sheets.samples(flat([200, 100], soft, 2)))
    assert found[:, 0].tolist() == [100, 200]


def test_unlabelled_images_fill_the_grid_in_order() -> None:
    labels = np.full(25, MISSING)
    found = cells(sheets.samples(flat(list(range(100, 125)), labels, 10)))
    assert found[0].tolist() == list(range(100, 110))
    assert found[2].tolist() == [*range(120, 125), *[GREY] * 5]


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 48, 48), (3, 64, 64)])
def test_even_a_sheet_of_noise_is_a_small_file(shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, *shape), dtype=np.uint8)
    for labels in (np.arange(300) % 10, np.full(300, MISSING)):
        file = io.BytesIO()
        sheets.samples(ImageSet(noise, labels, 10)).save(file, "PNG", optimize=True)
        assert len(file.getvalue()) <= 200_000


def test_confusions_are_white_where_all_answers_are() -> None:
    logits = np.float32([[9, 0], [9, 0], [0, 9], [9, 0]])
    pooled = np.zeros((4, 2), np.float32)
    real = Reference(
        "classifier", "", "digits", "test", ImageShape(1, 8, 8), 2,
        Features(pooled, logits), moments(pooled), np.array([0, 0, 1, 1]),
    )  # fmt: skip
    pixels = np.asarray(sheets.classifications(real))
    assert pixels[0, 0] == 255
    assert pixels[-1, 0] == pixels[-1, -1] == 128
