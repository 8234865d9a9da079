"""CelebA's aligned faces, cropped to a square and resized; attributes become classes."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gan_repro.errors import DataError
from gan_repro.images import MISSING, ImageSet

GENDER = {"woman": ("Male", -1), "man": ("Male", 1)}
"""Class -> an attribute of CelebA and the value that it has in this class."""

HAIR = {
    "blond": ("Blond_Hair", 1),
    "black": ("Black_Hair", 1),
    "brown": ("Brown_Hair", 1),
    "gray": ("Gray_Hair", 1),
    "bald": ("Bald", 1),
}
"""The five classes of Latent Space Conditioning, which prints "bold" for bald."""

_PARTITION = {"train": "0", "valid": "1", "test": "2"}
_ALIGNED = (178, 218)
_SQUARE = (0, 20, 178, 198)
_DAMAGED = (OSError, SyntaxError, EOFError, zipfile.BadZipFile, zlib.error)


def read(classes: Mapping[str, tuple[str, int]], size: int, folder: Path, split: str) -> ImageSet:
    """CelebA's own split ``train``, ``valid`` or ``test``, of faces in exactly one of ``classes``.

    Faces keep the order of CelebA's lists. A face loses 20 rows above and 20 below, so that the
    middle 178x178 pixels are left, and is resized by Pillow's bilinear filter, which is
    antialiased. Faces are read one by one: no more is held than the result.

    classes : as ``GENDER``; a face in none or several of them is dropped.
    folder : with list_attr_celeba.txt, list_eval_partition.txt, and img_align_celeba.zip or what
        it unpacks to, the folder img_align_celeba.
    return : uint8 images (n, 3, size, size).

    Raises
    ------
    DataError
        When there is no such split; a file is missing or truncated, a face is missing, damaged or
        not 178x218 pixels; the two lists differ, or know no such attribute.
    """
    if split not in _PARTITION:
        raise DataError(f"{folder}: no split is called {split!r}; known: {', '.join(_PARTITION)}")
    names, values = _attributes(
        folder / "list_attr_celeba.txt", [attribute for attribute, _ in classes.values()]
    )
    partition = _partition(folder / "list_eval_partition.txt", names)
    labels = _labels(values, [value for _, value in classes.values()])
    places = np.flatnonzero((partition == _PARTITION[split]) & (labels != MISSING))
    images = np.empty((len(places), 3, size, size), dtype=np.uint8)
    with _faces(folder) as faces:
        for number, place in enumerate(places):
            images[number] = _square(faces / names[place], size)
    return ImageSet(images, labels[places], len(classes), tuple(classes))


def _labels(values: np.ndarray, expected: Sequence[int]) -> np.ndarray:
    """The one column that has its expected value, or ``MISSING`` if none or several have.

    values : int8 (n, classes) -> int64 (n,).
    """
    holds = values == np.array(expected)
    return np.where(holds.sum(axis=1) == 1, holds.argmax(axis=1), MISSING).astype(np.int64)


def _attributes(path: Path, wanted: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """File names, and int8 (n, wanted) of -1 and 1, from list_attr_celeba.txt."""
    known, rows = _head_and_rows(path)
    absent = [attribute for attribute in dict.fromkeys(wanted) if attribute not in known]
    if absent:
        raise DataError(
            f"{path}: its second line names {len(known)} attributes, expected CelebA's 40, and "
            f"{', '.join(absent)} among them. Fetch the data set again."
        )
    columns = [1 + known.index(attribute) for attribute in wanted]
    names, values = [], np.empty((len(rows), len(wanted)), dtype=np.int8)
    for place, row in enumerate(rows):
        cells = row.split()
        picked = [cells[column] for column in columns] if len(cells) == 1 + len(known) else [""]
        if not {"-1", "1"}.issuperset(picked):
            raise DataError(
                f"{path}: line {place + 3} is {row[:60]!r}..., expected a file name and "
                f"{len(known)} times 1 or -1. It is truncated or damaged: fetch the data set again."
            )
        names.append(cells[0])
        values[place] = [int(cell) for cell in picked]
    return names, values


def _head_and_rows(path: Path) -> tuple[list[str], list[str]]:
    """The names of the attributes and a line an image; before them stands how many images."""
    lines = _lines(path)
    count = lines[0].strip() if lines else ""
    if not count.isdecimal():
        raise DataError(
            f"{path}: its first line is {count[:60]!r}, expected the number of images. It is not "
            "CelebA's list of attributes: fetch the data set again."
        )
    if len(lines) - 2 != int(count):
        raise DataError(
            f"{path}: lists {max(len(lines) - 2, 0)} images, its first line says {count}. It is "
            "truncated or damaged: fetch the data set again."
        )
    return lines[1].split(), lines[2:]


def _partition(path: Path, names: Sequence[str]) -> np.ndarray:
    """The part of each image, "0", "1" or "2", from list_eval_partition.txt: (n,)."""
    rows = [line.split() for line in _lines(path)]
    if len(rows) != len(names):
        raise DataError(
            f"{path}: lists {len(rows)} images, list_attr_celeba.txt beside it {len(names)}. One "
            "of them is truncated or damaged: fetch the data set again."
        )
    for number, (row, name) in enumerate(zip(rows, names, strict=True), start=1):
        if row not in [[name, part] for part in _PARTITION.values()]:
            raise DataError(
                f"{path}: line {number} is {' '.join(row)!r}, expected {name!r}, which is image "
                f"{number} in list_attr_celeba.txt, and 0, 1 or 2. Fetch the data set again."
            )
    return np.array([part for _, part in rows])


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; fetch the data set first")
    return path.read_text(encoding="latin-1").splitlines()


@contextmanager
def _faces(folder: Path) -> Iterator[Path | zipfile.Path]:
    """What holds a file for each face: inside the archive, or the folder that it unpacks to."""
    archive, unpacked = folder / "img_align_celeba.zip", folder / "img_align_celeba"
    if archive.is_file():
        try:
            packed = zipfile.ZipFile(archive)
        except zipfile.BadZipFile as problem:
            raise DataError(
                f"{archive}: is truncated or damaged: {problem}; fetch the data set again"
            ) from problem
        with packed:
            yield zipfile.Path(packed, "img_align_celeba/")
    elif unpacked.is_dir():
        yield unpacked
    else:
        raise DataError(
            f"{folder}: has no img_align_celeba.zip, nor a folder img_align_celeba with what that "
            "unpacks to; fetch the data set first"
        )


def _square(face: Path | zipfile.Path, size: int) -> np.ndarray:
    """The middle of an aligned face: uint8 (3, size, size)."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(face.read_bytes())) as picture:
            found = picture.size
            middle = picture.convert("RGB").crop(_SQUARE)
    except FileNotFoundError as problem:
        raise DataError(
            f"{face}: there is no such image, but CelebA's lists name it; fetch the data set again"
        ) from problem
    except _DAMAGED as problem:
        raise DataError(
            f"{face}: is truncated or damaged: {problem}; fetch the data set again"
        ) from problem
    if found != _ALIGNED:
        raise DataError(
            f"{face}: has {found[0]}x{found[1]} pixels (width x height), expected 178x218, as the "
            "aligned faces of img_align_celeba.zip have. Fetch the data set again."
        )
    small = middle.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small).transpose(2, 0, 1)
