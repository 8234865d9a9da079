"""Folders of pictures, a folder a class: what is read, from where, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny_archives as tiny
from gan_repro import datacard
from gan_repro.datasets import _image_folder, imagenet_64, imagenet_128
from gan_repro.errors import DataError
from gan_repro.storage.image_sets import ImageSetDataset

CONF = Path(__file__).parents[2] / "conf"
CLASSES = ("n01440764", "n01443537", "n02510455")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.image_folder(tmp_path / "imagenet", CLASSES, each=4)


def test_pictures_are_ordered_and_numbered_by_the_names_of_their_folders(folder: Path) -> None:
    found = imagenet_128.read(folder, "train")
    assert found.shape == (3, 128, 128)
    assert found.names == CLASSES
    assert found.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    reds = found.images[:, 0].mean(axis=(1, 2))
    np.testing.assert_allclose(reds, np.repeat([0, 60, 120], 4), atol=6)
    assert len(imagenet_64.read(folder, "test")) == 3
    assert imagenet_64.read(folder, "test").shape == (3, 64, 64)


def test_the_middle_square_is_kept(tmp_path: Path) -> None:
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = 200  # the middle square
    for split in ("train", "val"):
        (tmp_path / split / "a").mkdir(parents=True)
        Image.fromarray(wide).save(tmp_path / split / "a" / "wide.png")
    found = _image_folder.read(tmp_path, "any", 32, "train")
    assert found.images.min() >= 190


def test_pixels_are_mapped_and_stored_as_others(folder: Path, tmp_path: Path) -> None:
    found = imagenet_64.read(folder, "train")
    assert isinstance(found.images, np.memmap)
    store = ImageSetDataset(str(tmp_path / "stored"))
    store.save(found)
    kept = store.load()
    np.testing.assert_array_equal(kept.images, found.images)
    assert isinstance(kept.images, np.memmap)


def test_where_nothing_is_in_place_the_users_folder_is_read(folder: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_REPRO_RAW", str(folder.parent))
        assert len(imagenet_64.read(tmp_path / "nothing", "train")) == 12
        patch.delenv("GAN_REPRO_RAW")
        with pytest.raises(DataError, match=r"no such folder\. Set GAN_REPRO_RAW to the folder"):
            imagenet_64.read(tmp_path / "nothing", "train")


def test_what_is_no_folder_of_pictures_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no split is called 'valid'; known: train, test"):
        imagenet_64.read(folder, "valid")
    picture = next(folder.glob("train/*/*.jpg"))
    picture.write_bytes(picture.read_bytes()[:100])
    with pytest.raises(DataError, match=f"{picture.name}: is truncated or damaged"):
        imagenet_64.read(folder, "train")
    (tmp_path / "empty/train/a").mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be read as a folder of pictures"):
        imagenet_64.read(tmp_path / "empty", "train")


def test_the_card_counts_classes_whose_names_the_folders_have(folder: Path) -> None:
    card = datacard.read_card("imagenet_64", CONF)
    assert (len(card.classes), card.named) == (1000, False)
    assert datacard.read_card("cifar10", CONF).named
    few = card.model_copy(
        update={
            "classes": ("0", "1", "2"),
            "splits": {"train": datacard.SplitFacts(count=12)},
        }
    )
    images = imagenet_64.read(folder, "train")
    assert datacard.check(images, few, "train") is images
    with pytest.raises(DataError, match=r"3 classes .* are not the 1000 of the card"):
        datacard.check(images, card, "train")
