"""Folders of pictures, a folder a class, as torchvision's ImageFolder reads them."""

import os
import tempfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from gan_repro import atomic
from gan_repro.errors import DataError
from gan_repro.images import ImageSet

RAW = "GAN_REPRO_RAW"
_FOLDERS = {"train": "train", "test": "val"}
_DAMAGED = (OSError, SyntaxError, EOFError, zlib.error)
_AT_ONCE = 1024


def read(folder: Path, name: str, size: int, split: str) -> ImageSet:
    """The pictures below ``train`` or ``val`` (the split ``test``), a folder a class.

    The middle square of each picture, resized by Pillow's bilinear filter, which is antialiased.
    Classes are numbered, and pictures ordered, by the names of their folders and files. Pixels lie
    in a temporary file that is mapped into memory: 63 GB for ImageNet at 128 pixels, wherever the
    environment variable TMPDIR says.

    folder : where they lie, or if nothing is there a folder ``name`` in $GAN_REPRO_RAW.
    return : uint8 images (n, 3, size, size).

    Raises
    ------
    DataError
        When there is no such split or folder, a class has no picture, a picture is damaged, or the
        disk is full.
    """
    from torchvision import datasets

    if split not in _FOLDERS:
        raise DataError(f"{folder}: no split is called {split!r}; known: {', '.join(_FOLDERS)}")
    root = _root(folder, name) / _FOLDERS[split]
    try:
        found = datasets.ImageFolder(root)
    except FileNotFoundError as problem:
        raise DataError(
            f"{root}: cannot be read as a folder of pictures: {problem} Expected a folder a class "
            f"below {_FOLDERS['train']!r} and {_FOLDERS['test']!r}. See "
            "docs/how-to/bring-data-and-weights.md."
        ) from problem
    files = [Path(path) for path, _ in found.samples]
    labels = np.array(found.targets, dtype=np.int64)
    return ImageSet(_pixels(files, size), labels, len(found.classes), tuple(found.classes))


def _root(folder: Path, name: str) -> Path:
    """The first of the two places where there is something."""
    places = [folder, *([Path(os.environ[RAW]) / name] if os.environ.get(RAW) else [])]
    for place in places:
        if place.is_dir():
            return place
    raise DataError(
        f"{' and '.join(map(str, places))}: no such folder. Set {RAW} to the folder that holds "
        f"{name!r}, with a folder a class below {name}/train and {name}/val, or make a link to "
        f"that at {folder}. See docs/how-to/bring-data-and-weights.md."
    )


def _pixels(files: Sequence[Path], size: int) -> np.ndarray:
    """uint8 (n, 3, size, size), mapped from a file that is gone when nobody uses it any more."""
    shape = (len(files), 3, size, size)
    with tempfile.TemporaryFile() as file, ThreadPoolExecutor() as threads:
        with atomic.full_disk_is_an_error(Path(tempfile.gettempdir()), int(np.prod(shape))):
            os.posix_fallocate(file.fileno(), 0, int(np.prod(shape)))  # mapped pages need room
        pixels = np.memmap(file, dtype=np.uint8, mode="r+", shape=shape)
        for start in range(0, len(files), _AT_ONCE):
            some = files[start : start + _AT_ONCE]
            squares = threads.map(_square, some, [size] * len(some))
            pixels[start : start + len(some)] = list(squares)
    return pixels


def _square(path: Path, size: int) -> np.ndarray:
    """The middle of a picture: uint8 (3, size, size)."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            side = min(picture.size)
            left, top = ((length - side) // 2 for length in picture.size)
            middle = picture.convert("RGB").crop((left, top, left + side, top + side))
    except _DAMAGED as problem:
        raise DataError(
            f"{path}: is truncated or damaged: {problem}; bring this picture again"
        ) from problem
    small = middle.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small).transpose(2, 0, 1)
