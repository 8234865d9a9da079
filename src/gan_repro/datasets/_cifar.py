"""The pickled batches of CIFAR-10 and CIFAR-100 in their tar.gz, read by torchvision."""

import gzip
import pickle
import tarfile
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro import atomic
from gan_repro.errors import DataError
from gan_repro.images import ImageSet

_SPLITS = ("train", "test")
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)
_UNREADABLE = (pickle.UnpicklingError, EOFError, *(KeyError, IndexError, ValueError, TypeError))


def read(kind: str, folder: Path, split: str) -> ImageSet:
    """The archive in ``folder`` through ``torchvision.datasets.<kind>``.

    The batches are pickles, which can run code: read only archives whose sha256 was checked.

    Raises
    ------
    DataError
        When the archive is missing, truncated or lacks a batch, or a batch cannot be read.
    """
    from torchvision import datasets

    if split not in _SPLITS:
        raise DataError(f"{folder}: no split is called {split!r}; known: {', '.join(_SPLITS)}")
    # torchvision's md5 list knows the whole archive only; ours is checked by sha256 on fetching
    base = getattr(datasets, kind)
    unguarded = {"_check_integrity": lambda _: True, "meta": {**base.meta, "md5": None}}
    batches = type(kind, (base,), unguarded)
    archive = folder / base.filename
    with tempfile.TemporaryDirectory() as unpacked:
        _unpack(archive, batches, split, Path(unpacked))
        try:
            found = _load(batches, unpacked, split)
        except _UNREADABLE as problem:
            reason = f"{type(problem).__name__}: {problem}"
            raise DataError(f"{archive}: a batch of {split!r} is unreadable: {reason}") from problem
    images = np.ascontiguousarray(found.data.transpose(0, 3, 1, 2))
    names = tuple(found.classes)
    return ImageSet(images, np.asarray(found.targets, dtype=np.int64), len(names), names)


def _unpack(archive: Path, batches: Any, split: str, to: Path) -> None:
    if not archive.is_file():
        raise DataError(f"{archive}: there is no such file; fetch the data set first")
    files = [file for file, _ in (batches.train_list if split == "train" else batches.test_list)]
    try:
        with atomic.full_disk_is_an_error(to, 200_000_000), tarfile.open(archive) as packed:
            for file in (*files, batches.meta["filename"]):
                packed.extract(f"{batches.base_folder}/{file}", to, filter="data")
    except KeyError as problem:
        raise DataError(f"{archive}: lacks a file: {problem.args[0]}") from problem
    except _DAMAGED as problem:
        raise DataError(f"{archive}: is truncated or damaged: {problem}") from problem


def _load(batches: Any, folder: str, split: str) -> Any:
    with warnings.catch_warnings():
        # NumPy 2.4.0 to 2.4.4 warn about dtypes pickled in 2009, as the official batches hold them
        warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)
        return batches(root=folder, train=split == "train")
