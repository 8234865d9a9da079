"""Readers on tiny archives in each data set's true on-disk format."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import tiny_archives as tiny
from gan_repro import datacard, kinds
from gan_repro.datasets import (
    _idx,
    cifar10,
    cifar100,
    digit_pairs,
    digits,
    digits_parity,
    mnist_32,
    mnist_pairs,
    stl10,
    svhn,
)
from gan_repro.images import MISSING, ImageSet

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


def test_the_parity_of_a_digit_is_even_or_odd() -> None:
    card = datacard.read_card("digits_parity", CONF)
    for split in ("train", "test"):
        ten, two = digits.read(Path(), split), digits_parity.read(Path(), split)
        assert datacard.check(two, card, split) is two  # a fingerprint
        np.testing.assert_array_equal(two.images, ten.images)
        names = [two.names[label] for label in two.labels]
        assert names == ["odd" if label in {1, 3, 5, 7, 9} else "even" for label in ten.labels]


# MNIST enlarged


def test_mnist_is_enlarged_image_by_image_and_keeps_its_labels(tmp_path: Path) -> None:
    tiny.write_idx(tmp_path)
    for seed, (split, count) in enumerate({"train": 20, "test": 10}.items()):
        images = mnist_32.read(tmp_path, split)
        small = tiny.pixels(count, 1, 28, 28, seed=seed)
        wide = along_rows(small)
        large = along_rows(wide.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2)
        np.testing.assert_array_equal(images.images, large)
        np.testing.assert_array_equal(images.labels, tiny.every_class(count, 10))
        assert (images.images.dtype, images.labels.dtype) == (np.uint8, np.int64)
        assert images.names == datacard.read_card("mnist_32", CONF).classes


def along_rows(images: np.ndarray) -> np.ndarray:
    """28 pixels a row become 32 by the formula, exact in sixteenths; a half is rounded up."""
    at = np.clip((np.arange(32) + 0.5) * 28 / 32 - 0.5, 0, 27)
    left, right = np.floor(at).astype(int), np.ceil(at).astype(int)
    mixed = images[..., left] * (1 - (at - left)) + images[..., right] * (at - left)
    return np.floor(mixed + 0.5)


# STL-10


def stl10_in(folder: Path, **changes: bytes) -> Path:
    """``folder`` with a tiny STL-10 archive; ``changes`` are its files by name without .bin."""
    files = tiny.stl10_files(list(datacard.read_card("stl10", CONF).classes))
    files |= {f"stl10_binary/{name}.bin": content for name, content in changes.items()}
    tiny.write_tar(folder / "stl10_binary.tar.gz", files)
    return folder


def test_stl10_is_the_exact_mean_of_two_by_two_pixels(tmp_path: Path) -> None:
    stl10_in(tmp_path)
    for seed, (split, count) in enumerate({"test": 10, "train": 20, "unlabeled": 30}.items()):
        images = stl10.read(tmp_path, split)
        squares = tiny.pixels(count, 3, 48, 2, 48, 2, seed=seed).astype(np.float64)
        np.testing.assert_array_equal(images.images, np.floor(squares.mean(axis=(3, 5)) + 0.5))
        labels = np.full(30, MISSING) if split == "unlabeled" else tiny.every_class(count, 10)
        np.testing.assert_array_equal(images.labels, labels)
        assert (images.images.dtype, images.labels.dtype) == (np.uint8, np.int64)
        assert images.images.flags.c_contiguous
        assert images.names == datacard.read_card("stl10", CONF).classes


def test_a_pixel_of_stl10_stands_at_its_row_and_column(tmp_path: Path) -> None:
    channel, row, column = 1, 10, 31
    raw = bytearray(2 * 3 * 96 * 96)
    raw[(3 + channel) * 96 * 96 + column * 96 + row] = 200  # the second image, column by column
    stl10_in(tmp_path, unlabeled_X=bytes(raw))
    images = stl10.read(tmp_path, "unlabeled").images
    assert images[1, channel, row // 2, column // 2] == 50
    assert images.sum() == 50


def test_stl10_passes_a_check_that_expects_no_labels(tmp_path: Path) -> None:
    card = datacard.read_card("stl10", CONF)
    assert [split for split, facts in card.splits.items() if not facts.labelled] == ["unlabeled"]
    counts = {"unlabeled": {"count": 30, "labelled": False}, "train": {"count": 20}}
    tiny_card = type(card).model_validate(card.model_dump() | {"splits": counts})
    for split in counts:
        images = stl10.read(stl10_in(tmp_path), split)
        assert datacard.check(images, tiny_card, split) is images
    assert datacard.histogram(stl10.read(tmp_path, "unlabeled")) == [0] * 10


def test_halving_rounds_a_half_up_in_every_chunk() -> None:
    squares = {(0, 0, 0, 1): 0, (0, 0, 1, 1): 1, (1, 2, 1, 2): 2, (2, 2, 3, 3): 3, (255,) * 4: 255}
    images = np.resize(np.array(list(squares), dtype=np.uint8), (1203, 1, 2, 2))
    assert stl10.halve(images).ravel().tolist() == np.resize(list(squares.values()), 1203).tolist()


def test_halving_needs_little_more_memory_than_its_result() -> None:
    images = np.zeros((4000, 3, 96, 96), dtype=np.uint8).transpose(0, 1, 3, 2)
    tracemalloc.start()
    try:
        halved = stl10.halve(images)
        assert tracemalloc.get_traced_memory()[1] < halved.nbytes + images.nbytes / 4
    finally:
        tracemalloc.stop()


# SVHN


@pytest.mark.parametrize("split", ["train", "test", "extra"])
def test_svhn_is_read_pixel_by_pixel_and_its_label_ten_is_the_digit_zero(
    split: str, tmp_path: Path
) -> None:
    for seed, name in enumerate(("train", "test", "extra")):
        (tmp_path / f"{name}_32x32.mat").write_bytes(tiny.svhn_file(20 + seed, seed=seed))
    images = svhn.read(tmp_path, split)
    seed = ("train", "test", "extra").index(split)
    np.testing.assert_array_equal(images.images, tiny.pixels(20 + seed, 3, 32, 32, seed=seed))
    np.testing.assert_array_equal(images.labels, tiny.every_class(20 + seed, 10))
    assert (images.images.dtype, images.labels.dtype) == (np.uint8, np.int64)
    assert images.images.flags.c_contiguous
    assert images.names == datacard.read_card("svhn", CONF).classes


# Pairs of digits


def sides(pairs: ImageSet) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images and labels of the left digits and of the right ones."""
    width = pairs.shape.width // 2
    left, right = pairs.images[..., :width], pairs.images[..., width:]
    return {"left": (left, pairs.labels // 10), "right": (right, pairs.labels % 10)}


def test_both_halves_of_a_pair_are_the_digits_that_its_label_says() -> None:
    for split in ("train", "test"):
        source = digits.read(Path(), split)
        known = {
            image.tobytes(): label
            for image, label in zip(source.images, source.labels, strict=True)
        }
        for images, labels in sides(digit_pairs.read(Path(), split)).values():
            assert [known[image.tobytes()] for image in images] == labels.tolist()


def test_no_digit_of_a_training_pair_is_in_a_test_pair() -> None:
    seen = {
        split: {
            image.tobytes()
            for images, _ in sides(digit_pairs.read(Path(), split)).values()
            for image in images
        }
        for split in ("train", "test")
    }
    assert len(seen["train"]) > 1300  # of 1,442: nearly every digit is used
    assert not seen["train"] & seen["test"]


def test_pairs_are_balanced_mixed_and_always_the_same() -> None:
    card = datacard.read_card("digit_pairs", CONF)
    for split, each in {"train": 20, "test": 10}.items():
        pairs = datacard.check(digit_pairs.read(Path(), split), card, split)  # a fingerprint
        assert datacard.histogram(pairs) == [each] * 100
        assert pairs.names[7] == "07"
        assert len(np.unique(pairs.labels[:100])) > 50


def test_pairs_of_mnist_repeat_no_digit_before_all_were_used(tmp_path: Path) -> None:
    tiny.write_idx(tmp_path, train=70, test=10)
    digit_images = _idx.read("MNIST", tuple("0123456789"), tmp_path, "train")
    pairs = mnist_pairs.read(tmp_path, "train")
    assert (len(pairs), pairs.shape) == (60_000, (1, 28, 56))
    for images, labels in sides(pairs).values():
        for pair in (0, 48, 99):
            drawn = images[pairs.labels == pair]
            digit = labels[pairs.labels == pair][0]
            ours = digit_images.images[digit_images.labels == digit]
            times = [int((drawn == image).all(axis=(1, 2, 3)).sum()) for image in ours]
            assert sum(times) == 600
            assert set(times) == {85, 86}  # 600 of a pool of 7
    assert len(mnist_pairs.read(tmp_path, "test")) == 10_000
