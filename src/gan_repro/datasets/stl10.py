"""STL-10: coloured pictures of 10 kinds of things, halved to 48x48 (Coates, Lee, Ng 2011)."""

import gzip
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro import atomic
from gan_repro.errors import DataError
from gan_repro.images import ImageSet

_FILES = {
    "train": ("train_X.bin", "train_y.bin"),
    "test": ("test_X.bin", "test_y.bin"),
    "unlabeled": ("unlabeled_X.bin",),
}
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)
_CHUNK = 500


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (5,000), ``test`` (8,000) or ``unlabeled`` (100,000), by torchvision.

    All labels of ``unlabeled`` are ``MISSING``. Reading it takes 2.8 GB of temporary files, and
    3.5 GB of memory for its pixels.

    Raises
    ------
    DataError
        When the archive in ``folder`` is missing, truncated, lacks a file or holds an unreadable
        one, or the disk is full.
    """
    from torchvision import datasets

    if split not in _FILES:
        raise DataError(f"{folder}: no split is called {split!r}; known: {', '.join(_FILES)}")
    # torchvision's md5 list asks for all files; our archive is checked by sha256 on fetching
    files: Any = type("STL10", (datasets.STL10,), {"_check_integrity": lambda _: True})
    archive = folder / files.filename
    with tempfile.TemporaryDirectory() as unpacked:
        wanted = (*_FILES[split], files.class_names_file)
        _unpack(archive, {f"{files.base_folder}/{file}" for file in wanted}, Path(unpacked))
        try:
            found = files(root=unpacked, split=split)
        except ValueError as problem:
            reason = f"{problem} (an image has 3x96x96 bytes)"
            raise DataError(f"{archive}: a file of {split!r} is unreadable: {reason}") from problem
    labels, names = np.asarray(found.labels, dtype=np.int64), tuple(found.classes)
    return ImageSet(halve(found.data), labels, len(names), names)


def halve(images: np.ndarray) -> np.ndarray:
    """The mean of each 2x2 pixels, a half rounded up: floor((a + b + c + d + 2) / 4).

    An area filter. The class-splitting code (Grinblat et al. 2017) resized with a bilinear filter
    instead; the choice of the filter changes FID.

    images : uint8 (n, channels, 2 height, 2 width) -> uint8 (n, channels, height, width).
    """
    count, channels, height, width = images.shape
    halved = np.empty((count, channels, height // 2, width // 2), dtype=np.uint8)
    for start in range(0, count, _CHUNK):
        chunk = images[start : start + _CHUNK]
        total = np.full(halved[start : start + _CHUNK].shape, 2, dtype=np.uint16)
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            total += chunk[..., row::2, column::2]
        halved[start : start + _CHUNK] = total >> 2
    return halved


def _unpack(archive: Path, members: set[str], to: Path) -> None:
    """In one pass, since each takes the time to gunzip 2.6 GB."""
    if not archive.is_file():
        raise DataError(f"{archive}: there is no such file; fetch the data set first")
    absent = set(members)
    try:
        with tarfile.open(archive) as packed:
            for member in packed:
                if member.name in members:
                    with atomic.full_disk_is_an_error(to, member.size):
                        packed.extract(member, to, filter="data")
                    absent.discard(member.name)
    except _DAMAGED as problem:
        raise DataError(
            f"{archive}: is truncated or damaged: {problem}; fetch it again"
        ) from problem
    if absent:
        raise DataError(f"{archive}: lacks a file: {', '.join(sorted(absent))}; fetch it again")
