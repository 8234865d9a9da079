"""Images and labels as Kedro data sets."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from kedro.io import DatasetError

import tiny_archives as tiny
from gan_repro import datacard
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.labels import offset_noise
from gan_repro.storage.image_sets import ImageSetDataset, LabelSetDataset


@pytest.fixture
def images() -> ImageSet:
    return ImageSet(tiny.pixels(20, 3, 8, 8), tiny.every_class(20, 4), 4, ("a", "b", "c", "ü"))


def test_images_come_back_as_they_were(images: ImageSet, tmp_path: Path) -> None:
    stored = ImageSetDataset(str(tmp_path / "train"))
    assert not stored.exists()
    stored.save(images)
    found = stored.load()
    assert stored.exists()
    np.testing.assert_array_equal(found.images, images.images)
    np.testing.assert_array_equal(found.labels, images.labels)
    assert (found.classes, found.names, found.shape) == (4, images.names, images.shape)
    assert {p.name for p in tmp_path.rglob("*")} == {
        "train", "images.npy", "labels.npy", "about.json",
    }  # fmt: skip


def test_about_says_what_is_inside(images: ImageSet, tmp_path: Path) -> None:
    ImageSetDataset(str(tmp_path / "train")).save(images)
    about = json.loads((tmp_path / "train" / "about.json").read_text())
    assert about["label_counts"] == [5, 5, 5, 5]
    assert (about["count"], about["shape"]) == (20, [3, 8, 8])
    assert about["fingerprint"] == datacard.fingerprint(images)


def test_loaded_images_are_mapped_and_what_is_done_to_them_stays_in_memory(
    images: ImageSet, tmp_path: Path
) -> None:
    stored = ImageSetDataset(str(tmp_path / "train"))
    stored.save(images)
    found = stored.load()
    assert isinstance(found.images, np.memmap)
    torch.from_numpy(found.images)[0] = 0  # without the warning that a read-only array provokes
    np.testing.assert_array_equal(stored.load().images, images.images)


def test_soft_and_missing_labels_come_back(images: ImageSet, tmp_path: Path) -> None:
    soft = ImageSet(images.images, np.full((20, 4), 0.25, dtype=np.float32), 4)
    gone = ImageSet(images.images, np.full(20, MISSING), 4)
    for name, kind in (("soft", soft), ("gone", gone)):
        stored = ImageSetDataset(str(tmp_path / name))
        stored.save(kind)
        np.testing.assert_array_equal(stored.load().labels, kind.labels)
        assert stored.load().labels.dtype == kind.labels.dtype


def test_labels_come_back_with_their_manifest(images: ImageSet, tmp_path: Path) -> None:
    labels = offset_noise.make(offset_noise.Settings(rate=0.5), images)
    stored = LabelSetDataset(str(tmp_path / "noisy"))
    stored.save(labels)
    np.testing.assert_array_equal(stored.load().labels, labels.labels)
    assert stored.load().manifest == labels.manifest


def test_the_same_labels_give_the_same_bytes(images: ImageSet, tmp_path: Path) -> None:
    labels = offset_noise.make(offset_noise.Settings(rate=0.5), images)
    for name in "ab":
        LabelSetDataset(str(tmp_path / name)).save(labels)
    for file in ("labels.npy", "manifest.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_saving_again_replaces_everything(images: ImageSet, tmp_path: Path) -> None:
    stored = ImageSetDataset(str(tmp_path / "train"))
    stored.save(images)
    stored.save(images.first(3))
    assert len(stored.load()) == 3


@pytest.mark.parametrize("file", ["images.npy", "labels.npy", "about.json"])
def test_a_damaged_file_is_named(file: str, images: ImageSet, tmp_path: Path) -> None:
    stored = ImageSetDataset(str(tmp_path / "train"))
    stored.save(images)
    path = tmp_path / "train" / file
    for damage in (path.read_bytes()[:-7], b""):
        path.write_bytes(damage)
        with pytest.raises(DatasetError, match=f"{file}: cannot be read"):
            stored.load()
    path.unlink()
    with pytest.raises(DatasetError, match=f"{file}: cannot be read"):
        stored.load()


def test_a_label_set_whose_manifest_cannot_be_written_leaves_nothing(
    images: ImageSet, tmp_path: Path
) -> None:
    stored = LabelSetDataset(str(tmp_path / "noisy"))
    with pytest.raises(DatasetError, match="not JSON serializable"):
        stored.save(LabelSet(images.labels, {"seed": object()}))
    assert list(tmp_path.iterdir()) == []
