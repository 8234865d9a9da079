"""Readers on tiny archives in each data set's true on-disk format."""

from pathlib import Path

import numpy as np
import pytest

import tiny_archives as tiny
from gan_repro import datacard, kinds
from gan_repro.datasets import cifar10, cifar100, digits

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_files_are_read_pixel_by_pixel(name: str, tmp_path: Path) -> None:
    tiny.write_idx(tmp_path)
    for seed, (split, count) in enumerate({"train": 20, "test": 10}.items()):
        images = kinds.find("datasets", name).read(tmp_path, split)
        np.testing.assert_array_equal(images.images, tiny.pixels(count, 1, 28, 28, seed=seed))
        np.testing.assert_array_equal(images.labels, tiny.every_class(count, 10))
        assert (images.images.dtype, images.labels.dtype) == (np.uint8, np.int64)
        assert images.names == datacard.read_card(name, CONF).classes


def test_cifar10_batches_are_read_in_order_as_channels_height_width(tmp_path: Path) -> None:
    names = list(datacard.read_card("cifar10", CONF).classes)
    tiny.write_tar(tmp_path / "cifar-10-python.tar.gz", tiny.cifar_files("cifar10", names))
    train, test = cifar10.read(tmp_path, "train"), cifar10.read(tmp_path, "test")
    rows = [tiny.pixels(20, 3072, seed=batch) for batch in range(5)]
    np.testing.assert_array_equal(train.images, np.concatenate(rows).reshape(100, 3, 32, 32))
    np.testing.assert_array_equal(train.labels, np.tile(tiny.every_class(20, 10), 5))
    np.testing.assert_array_equal(test.images, tiny.pixels(10, 3, 32, 32, seed=5))
    assert train.names == test.names == tuple(names)
    assert train.images.flags.c_contiguous


def test_cifar100_is_read_with_its_fine_labels(tmp_path: Path) -> None:
    names = list(datacard.read_card("cifar100", CONF).classes)
    files = tiny.cifar_files("cifar100", names, train=200, test=100)
    tiny.write_tar(tmp_path / "cifar-100-python.tar.gz", files)
    train = cifar100.read(tmp_path, "train")
    np.testing.assert_array_equal(train.images, tiny.pixels(200, 3, 32, 32, seed=0))
    np.testing.assert_array_equal(train.labels, tiny.every_class(200, 100))
    assert (train.classes, train.names) == (100, tuple(names))


def test_digits_are_split_once_and_for_all() -> None:
    card = datacard.read_card("digits", CONF)
    train, test = (datacard.check(digits.read(Path(), s), card, s) for s in ("train", "test"))
    assert (len(train), len(test)) == (1442, 355)
    assert set(np.unique(train.images)) == {round(v * 255 / 16) for v in range(17)}
    share = np.array(datacard.histogram(test)) / np.array(datacard.histogram(train))
    assert np.all(np.abs(share - 0.246) < 0.006)  # stratified: 1 to 4 in every class


def test_digits_hold_every_image_of_scikit_learn_once() -> None:
    from sklearn.datasets import load_digits

    both = np.concatenate([digits.read(Path(), s).images for s in ("train", "test")])
    ours = sorted(np.rint(image * (16 / 255)).astype(int).tobytes() for image in both)
    assert ours == sorted(image.astype(int)[None].tobytes() for image in load_digits().images)
