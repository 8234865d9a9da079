"""Every kind of bad input is refused with an error that says what is wrong."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny_archives as tiny
from gan_repro import datacard, fetching
from gan_repro.datacard import DataCard
from gan_repro.datasets import cifar10, cifar100, digit_pairs, mnist, mnist_pairs, stl10, svhn
from gan_repro.errors import ChecksumError, DataError, SourceError
from gan_repro.images import MISSING, ImageSet

NAMES = list("abcdefghij")


def card(**changes: object) -> DataCard:
    facts = {
        "title": "Tiny",
        "citation": "nobody",
        "licence": "none",
        "shape": (1, 28, 28),
        "classes": tuple("0123456789"),
        "splits": {"train": {"count": 20}},
    }
    return DataCard.model_validate(facts | changes)


def image_set(labels: np.ndarray, size: int = 28) -> ImageSet:
    return ImageSet(tiny.pixels(len(labels), 1, size, size), labels, 10, tuple("0123456789"))


def idx(folder: Path, name: str) -> Path:
    tiny.write_idx(folder)
    return folder / name


# Files that are not what they should be


def test_images_that_end_too_early(tmp_path: Path) -> None:
    path = idx(tmp_path, "train-images-idx3-ubyte")
    path.write_bytes(path.read_bytes()[: 16 + 7 * 784 + 3])
    with pytest.raises(DataError, match="ends inside image 8 of 20"):
        mnist.read(tmp_path, "train")


def test_labels_that_end_too_early(tmp_path: Path) -> None:
    path = idx(tmp_path, "t10k-labels-idx1-ubyte")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="ends inside label 10 of 10"):
        mnist.read(tmp_path, "test")


def test_a_header_that_ends_too_early(tmp_path: Path) -> None:
    idx(tmp_path, "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03\0\0")
    with pytest.raises(DataError, match="truncated inside its header"):
        mnist.read(tmp_path, "train")


def test_labels_in_the_place_of_images(tmp_path: Path) -> None:
    path = idx(tmp_path, "train-images-idx3-ubyte")
    path.write_bytes((tmp_path / "train-labels-idx1-ubyte").read_bytes())
    with pytest.raises(DataError, match="no IDX image file: magic number 2049, expected 2051"):
        mnist.read(tmp_path, "train")


def test_bytes_after_the_last_image(tmp_path: Path) -> None:
    path = idx(tmp_path, "train-images-idx3-ubyte")
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(DataError, match="goes on after its 20 images, by 4 bytes"):
        mnist.read(tmp_path, "train")


def test_a_missing_idx_file(tmp_path: Path) -> None:
    idx(tmp_path, "train-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="train-labels-idx1-ubyte: there is no such file"):
        mnist.read(tmp_path, "train")


def test_fewer_labels_than_images(tmp_path: Path) -> None:
    labels = tiny.idx_labels(tiny.every_class(19, 10))
    idx(tmp_path, "train-labels-idx1-ubyte").write_bytes(labels)
    with pytest.raises(DataError, match="20 images have 19 labels"):
        mnist.read(tmp_path, "train")


@pytest.mark.parametrize(
    "module", [mnist, cifar10, cifar100, stl10, svhn, digit_pairs, mnist_pairs]
)
def test_a_split_that_does_not_exist(module: object, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no split is called 'validation'; known: train, test"):
        module.read(tmp_path, "validation")  # type: ignore[attr-defined]


def test_a_truncated_cifar_archive(tmp_path: Path) -> None:
    archive = tmp_path / "cifar-10-python.tar.gz"
    tiny.write_tar(archive, tiny.cifar_files("cifar10", NAMES))
    whole = archive.read_bytes()
    for share in (0.02, 0.3, 0.7):
        archive.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match="truncated or damaged"):
            cifar10.read(tmp_path, "train")


def test_an_archive_without_one_of_its_batches(tmp_path: Path) -> None:
    files = tiny.cifar_files("cifar10", NAMES)
    del files["cifar-10-batches-py/data_batch_3"]
    tiny.write_tar(tmp_path / "cifar-10-python.tar.gz", files)
    with pytest.raises(DataError, match=r"lacks a file.*data_batch_3"):
        cifar10.read(tmp_path, "train")
    assert len(cifar10.read(tmp_path, "test")) == 10


def test_a_missing_cifar_archive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cifar-100-python.tar.gz: there is no such file"):
        cifar100.read(tmp_path, "test")


def test_a_batch_with_an_unreadable_image(tmp_path: Path) -> None:
    files = tiny.cifar_files("cifar10", NAMES)
    content = {"data": tiny.pixels(10, 3072).ravel()[:-5], "labels": list(range(10))}
    files["cifar-10-batches-py/test_batch"] = tiny.python2_pickle(content)
    tiny.write_tar(tmp_path / "cifar-10-python.tar.gz", files)
    with pytest.raises(DataError, match="a batch of 'test' is unreadable"):
        cifar10.read(tmp_path, "test")


@pytest.mark.parametrize("content", [b"", b"no pickle at all", b"\x80\x02}q\x00."])
def test_a_batch_that_is_no_batch(content: bytes, tmp_path: Path) -> None:
    files = tiny.cifar_files("cifar10", NAMES) | {"cifar-10-batches-py/test_batch": content}
    tiny.write_tar(tmp_path / "cifar-10-python.tar.gz", files)
    with pytest.raises(DataError, match="a batch of 'test' is unreadable"):
        cifar10.read(tmp_path, "test")


def write_stl10(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    archive = folder / "stl10_binary.tar.gz"
    tiny.write_tar(archive, files or tiny.stl10_files(NAMES))
    return archive


def test_a_truncated_stl10_archive(tmp_path: Path) -> None:
    archive = write_stl10(tmp_path)
    whole = archive.read_bytes()
    for share in (0.0, 0.02, 0.3, 0.7, 0.999):
        archive.write_bytes(whole[: int(share * len(whole))])
        for split in ("train", "unlabeled"):
            with pytest.raises(DataError, match=r"(?s)truncated or damaged: .*; fetch it"):
                stl10.read(tmp_path, split)


@pytest.mark.parametrize("lost", ["train_X.bin", "train_y.bin", "class_names.txt"])
def test_an_stl10_archive_without_one_of_its_files(lost: str, tmp_path: Path) -> None:
    files = tiny.stl10_files(NAMES)
    del files[f"stl10_binary/{lost}"]
    write_stl10(tmp_path, files)
    with pytest.raises(DataError, match=f"lacks a file: stl10_binary/{lost}; fetch it again"):
        stl10.read(tmp_path, "train")


def test_a_missing_stl10_archive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"stl10_binary.tar.gz: there is no such file; fetch"):
        stl10.read(tmp_path, "unlabeled")


def test_torchvisions_split_of_all_training_images_is_no_split_here(tmp_path: Path) -> None:
    write_stl10(tmp_path)
    with pytest.raises(DataError, match=r"'train\+unlabeled'; known: train, test, unlabeled"):
        stl10.read(tmp_path, "train+unlabeled")


def test_stl10_images_and_labels_that_end_too_early(tmp_path: Path) -> None:
    files = tiny.stl10_files(NAMES)
    files["stl10_binary/test_X.bin"] = files["stl10_binary/test_X.bin"][:-1]
    files["stl10_binary/train_y.bin"] = files["stl10_binary/train_y.bin"][:-1]
    write_stl10(tmp_path, files)
    with pytest.raises(DataError, match=r"'test' is unreadable: .*an image has 3x96x96 bytes"):
        stl10.read(tmp_path, "test")
    with pytest.raises(DataError, match="20 images have 19 labels"):
        stl10.read(tmp_path, "train")


def test_an_stl10_label_of_zero_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    files = tiny.stl10_files(list("0123456789"))
    files["stl10_binary/train_y.bin"] = b"\0" + files["stl10_binary/train_y.bin"][1:]
    write_stl10(tmp_path, files)
    with pytest.raises(DataError, match=r"labels lie in \[0, 255\]"):
        datacard.check(stl10.read(tmp_path, "train"), card(shape=(3, 48, 48)), "train")


def test_a_truncated_svhn_file(tmp_path: Path) -> None:
    path = tmp_path / "extra_32x32.mat"
    whole = tiny.svhn_file(20)
    for share in (0.0, 0.001, 0.02, 0.3, 0.7, 0.999):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=r"(?s)truncated or damaged: .*; fetch it again"):
            svhn.read(tmp_path, "extra")


@pytest.mark.parametrize(
    "content",
    [
        {"X": tiny.pixels(2, 32, 32, 3)[0], "y": np.ones((2, 1))},
        {"X": tiny.pixels(2, 3, 32, 32)},
        {"y": np.ones((2, 1))},
    ],
)
def test_an_svhn_file_with_other_arrays(content: dict, tmp_path: Path) -> None:
    (tmp_path / "test_32x32.mat").write_bytes(tiny.matlab(content))
    with pytest.raises(DataError, match=r"test_32x32.mat: is truncated or damaged"):
        svhn.read(tmp_path, "test")


def test_an_svhn_file_with_fewer_labels_than_images(tmp_path: Path) -> None:
    content = {"X": tiny.pixels(32, 32, 3, 20), "y": np.ones((19, 1), dtype=np.uint8)}
    (tmp_path / "test_32x32.mat").write_bytes(tiny.matlab(content))
    with pytest.raises(DataError, match="20 images have 19 labels"):
        svhn.read(tmp_path, "test")


def test_a_missing_svhn_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train_32x32.mat: there is no such file; fetch"):
        svhn.read(tmp_path, "train")


def test_pairs_of_digits_of_which_one_is_absent(tmp_path: Path) -> None:
    tiny.write_idx(tmp_path, train=8)
    with pytest.raises(DataError, match=r"no image shows 8, 9; expected images of 0 to 9"):
        mnist_pairs.read(tmp_path, "train")


# Content that is not what the card says


def test_one_label_for_all_from_a_wrong_folder_level(tmp_path: Path) -> None:
    """The folder above the class folders: torchvision takes the one folder in it for the class."""
    from torchvision.datasets import ImageFolder

    labels = tiny.every_class(20, 10)
    for number, (label, image) in enumerate(zip(labels, tiny.pixels(20, 28, 28), strict=True)):
        folder = tmp_path / "images" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    right = image_set(np.array(ImageFolder(tmp_path / "images").targets))
    assert datacard.check(right, card(), "train") is right
    wrong = image_set(np.array(ImageFolder(tmp_path).targets))
    with pytest.raises(DataError, match="every image has the label 0: a folder level"):
        datacard.check(wrong, card(), "train")


def test_a_wrong_count() -> None:
    with pytest.raises(DataError, match="it has 30 images, expected 20"):
        datacard.check(image_set(tiny.every_class(30, 10)), card(), "train")


def test_a_wrong_size() -> None:
    images = image_set(tiny.every_class(20, 10), size=14)
    with pytest.raises(DataError, match=r"1x14x14 .* expected 1x28x28"):
        datacard.check(images, card(), "train")


def test_a_class_without_images() -> None:
    with pytest.raises(DataError, match="no image is of class 8, 9; label counts"):
        datacard.check(image_set(tiny.every_class(20, 8)), card(), "train")


def test_a_label_out_of_range() -> None:
    labels = tiny.every_class(20, 10)
    labels[3] = 10
    with pytest.raises(DataError, match=r"labels lie in \[0, 10\], expected \[0, 9\]"):
        datacard.check(image_set(labels), card(), "train")


def test_missing_labels_pass_where_the_card_says_so_and_nowhere_else() -> None:
    unlabelled = card(splits={"train": {"count": 20, "labelled": False}})
    labels = np.full(20, MISSING)
    assert datacard.check(image_set(labels), unlabelled, "train")
    with pytest.raises(DataError, match=r"labels lie in \[-1, -1\], expected \[0, 9\]"):
        datacard.check(image_set(labels), card(), "train")
    labels[4] = 3
    with pytest.raises(DataError, match="1 of its images have labels, expected none"):
        datacard.check(image_set(labels), unlabelled, "train")
    with pytest.raises(DataError, match=r"labels lie in \[-1, 3\], expected \[0, 9\]"):
        datacard.check(image_set(labels), card(), "train")


def test_other_classes_than_the_card_names() -> None:
    with pytest.raises(DataError, match=r"classes .* are not the 2 of the card"):
        datacard.check(image_set(tiny.every_class(20, 10)), card(classes=("a", "b")), "train")


def test_a_split_the_card_does_not_know() -> None:
    with pytest.raises(DataError, match="there is no such split; known: train"):
        datacard.check(image_set(tiny.every_class(20, 10)), card(), "test")


def test_other_content_than_the_fingerprint_says() -> None:
    images = image_set(tiny.every_class(20, 10))
    known = datacard.fingerprint(images)
    guarded = card(splits={"train": {"count": 20, "fingerprint": known}})
    assert datacard.check(images, guarded, "train") is images
    images.images[5, 0, 3, 3] ^= 1
    with pytest.raises(DataError, match=f"expected {known}"):
        datacard.check(images, guarded, "train")


def test_all_faults_are_told_at_once() -> None:
    images = image_set(np.zeros(7, dtype=np.int64), size=8)
    with pytest.raises(DataError, match=r"(?s)7 images.*1x8x8.*every image has the label 0"):
        datacard.check(images, card(), "train")


# Files that fetch must not accept


def fetched_from(tmp_path: Path, source: Path) -> Path:
    tiny.write_idx(tmp_path / "true")
    conf = tiny.write_card(
        tmp_path / "conf", "mnist", tmp_path / "true", [{"kind": "path", "path": str(source)}]
    )
    return fetching.fetch("mnist", tmp_path / "raw", conf, lambda *_: None)


def test_a_wrong_checksum(tmp_path: Path) -> None:
    source = tmp_path / "source"
    tiny.write_idx(source)
    path = source / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(SourceError, match=r"(?s)train-images-idx3-ubyte: its sha256 is \w{64}"):
        fetched_from(tmp_path, source)
    assert not (tmp_path / "raw" / "mnist" / path.name).exists()


def test_a_truncated_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    tiny.write_idx(source)
    path = source / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SourceError, match="it is truncated: 17 bytes, expected 18"):
        fetched_from(tmp_path, source)


def test_a_truncated_archive(tmp_path: Path) -> None:
    tiny.write_idx(tmp_path / "plain")
    source = tmp_path / "source"
    tiny.gzipped(tmp_path / "plain", source)
    path = source / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SourceError, match="the archive is truncated or damaged"):
        fetched_from(tmp_path, source)
    assert not (tmp_path / "raw" / "mnist" / "train-images-idx3-ubyte").exists()


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "train-images-idx3-ubyte.gz").write_bytes(b"<html>please log in</html>")
    with pytest.raises(SourceError, match="the archive is truncated or damaged"):
        fetched_from(tmp_path, source)


def test_reading_refuses_files_that_changed_since(tmp_path: Path) -> None:
    source = tmp_path / "source"
    tiny.write_idx(source)
    path = fetched_from(tmp_path, source) / "train-labels-idx1-ubyte"
    path.write_bytes(gzip.compress(b"x")[:10] + path.read_bytes()[10:])
    with pytest.raises(ChecksumError, match=r"its sha256 is .*Run `kedro fetch mnist`"):
        fetching.load("mnist", "train", tmp_path / "raw", tmp_path / "conf")


def test_reading_without_files_says_how_to_fetch_them(tmp_path: Path) -> None:
    tiny.write_idx(tmp_path / "true")
    conf = tiny.write_card(tmp_path / "conf", "mnist", tmp_path / "true", [])
    with pytest.raises(SourceError, match="Run `kedro fetch mnist`"):
        fetching.load("mnist", "train", tmp_path / "raw", conf)


@pytest.mark.parametrize(
    ("name", "source", "file"),
    [
        ("stl10", {"dataset": "STL10"}, "stl10_binary.tar.gz"),
        ("svhn", {"dataset": "SVHN", "splits": ["extra", "train"]}, "extra_32x32.mat"),
    ],
)
def test_another_archive_than_asked_from_the_network(
    name: str, source: dict, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy answers with a tiny archive, which torchvision asks for and its md5 refuses."""
    archive = write_stl10(tmp_path / "tiny").rename(tmp_path / "tiny" / file)
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(archive.read_bytes())

    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        monkeypatch.delenv("no_proxy", raising=False)
        sources = [{"kind": "torchvision"} | source]
        conf = tiny.write_card(tmp_path / "conf", name, archive.parent, sources)
        with pytest.raises(SourceError, match="not found or corrupted"):
            fetching.fetch(name, tmp_path / "raw", conf, lambda *_: None)
        proxy.shutdown()
    assert asked
    assert all(path.endswith(f"/{file}") for path in asked)
    assert list((tmp_path / "raw").iterdir()) == []
