"""The IDX format of MNIST and its relatives, read by torchvision."""

import struct
from pathlib import Path

from gan_repro.errors import DataError
from gan_repro.images import ImageSet

_PREFIX = {"train": "train", "test": "t10k"}


def read(kind: str, names: tuple[str, ...], folder: Path, split: str) -> ImageSet:
    """The four IDX files of ``folder`` through ``torchvision.datasets.<kind>``.

    Raises
    ------
    DataError
        When a file is missing, has another magic number, or ends inside an image.
    """
    from torchvision import datasets

    if split not in _PREFIX:
        raise DataError(f"{folder}: no split is called {split!r}; known: {', '.join(_PREFIX)}")
    _check(folder / f"{_PREFIX[split]}-images-idx3-ubyte", 2051, "image")
    _check(folder / f"{_PREFIX[split]}-labels-idx1-ubyte", 2049, "label")
    # torchvision looks below root/<class name>/raw; ours lie in the folder itself
    here = {"raw_folder": str(folder), "_check_exists": lambda _: True}
    files = type(kind, (getattr(datasets, kind),), here)(root=folder, train=split == "train")
    return ImageSet(files.data.numpy()[:, None], files.targets.numpy(), len(names), names)


def _check(path: Path, magic: int, what: str) -> None:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; fetch the data set first")
    dimensions = 3 if what == "image" else 1
    length = 4 + 4 * dimensions
    with path.open("rb") as file:
        head = file.read(length)
    if len(head) < length:
        raise DataError(f"{path}: is truncated inside its header of {length} bytes")
    found, count, *sizes = struct.unpack(f">{1 + dimensions}I", head)
    if found != magic:
        raise DataError(f"{path}: is no IDX {what} file: magic number {found}, expected {magic}")
    each = sizes[0] * sizes[1] if sizes else 1
    have = path.stat().st_size - length
    if have < count * each:
        raise DataError(f"{path}: ends inside {what} {have // max(each, 1) + 1} of {count}")
    if have > count * each:
        raise DataError(
            f"{path}: goes on after its {count} {what}s, by {have - count * each} bytes"
        )
