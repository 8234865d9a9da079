"""Kedro data sets of images and of labels: folders of plain NumPy arrays and JSON."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset
from numpy.lib import format as npy

from gan_repro import atomic, datacard
from gan_repro.errors import DataError
from gan_repro.images import ImageSet, LabelSet


class ImageSetDataset(AbstractDataset[ImageSet, ImageSet]):
    """The folder ``filepath`` with images.npy, labels.npy and about.json."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None):
        self.filepath = Path(filepath)
        self.metadata = metadata

    def save(self, data: ImageSet) -> None:
        """Write the folder, whole or not at all; raises DataError when the disk is full."""
        arrays = {"images": data.images, "labels": data.labels}
        with _written(self.filepath, arrays) as part:
            _write_json(part / "about.json", _about(data))

    def load(self) -> ImageSet:
        """Map the arrays; raises DataError when they are damaged."""
        about = _read_json(self.filepath / "about.json")
        images, labels = (_map(self.filepath / f"{part}.npy") for part in ("images", "labels"))
        return ImageSet(images, labels, about["classes"], tuple(about["names"]))

    def _exists(self) -> bool:
        return (self.filepath / "about.json").is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.filepath)}


class LabelSetDataset(AbstractDataset[LabelSet, LabelSet]):
    """The folder ``filepath`` with labels.npy and manifest.json."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None):
        self.filepath = Path(filepath)
        self.metadata = metadata

    def save(self, data: LabelSet) -> None:
        """Write the folder, whole or not at all; raises DataError when the disk is full."""
        with _written(self.filepath, {"labels": data.labels}) as part:
            _write_json(part / "manifest.json", data.manifest)

    def load(self) -> LabelSet:
        """Map the labels; raises DataError when they are damaged."""
        manifest = _read_json(self.filepath / "manifest.json")
        return LabelSet(_map(self.filepath / "labels.npy"), manifest)

    def _exists(self) -> bool:
        return (self.filepath / "manifest.json").is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.filepath)}


def _about(images: ImageSet) -> dict[str, Any]:
    about = {
        "count": len(images),
        "shape": list(images.shape),
        "classes": images.classes,
        "names": list(images.names),
        "fingerprint": datacard.fingerprint(images),
    }
    if images.labels.ndim == 1:
        about["label_counts"] = datacard.histogram(images)
    return about


@contextmanager
def _written(folder: Path, arrays: Mapping[str, np.ndarray]) -> Iterator[Path]:
    """A new folder that holds ``arrays`` and replaces ``folder`` on success."""
    with atomic.replacing(folder, room=sum(array.nbytes for array in arrays.values())) as part:
        part.mkdir()
        for name, array in arrays.items():
            _save(part / f"{name}.npy", np.ascontiguousarray(array))
        yield part


def _save(path: Path, array: np.ndarray) -> None:
    # np.save hides from its caller that the disk is full: its OSError has no errno
    with path.open("wb") as file:
        npy.write_array_header_1_0(file, npy.header_data_from_array_1_0(array))
        file.write(array.data)


def _map(path: Path) -> np.ndarray:
    # Copy-on-write: torch.from_numpy takes it without a warning, and nothing reaches the file.
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except (ValueError, EOFError, FileNotFoundError) as problem:
        raise _damaged(path, problem) from problem


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, FileNotFoundError) as problem:
        raise _damaged(path, problem) from problem
    return content


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _damaged(path: Path, problem: Exception) -> DataError:
    return DataError(
        f"{path}: cannot be read ({problem}). Delete the folder {path.parent} and make it again: "
        "kedro run --pipelines data,labels"
    )
