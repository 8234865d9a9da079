"""SVHN: digits of house numbers, coloured, 32x32 (Netzer, Wang, Coates, Bissacco, Wu, Ng 2011)."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.errors import DataError
from gan_repro.images import ImageSet

NAMES = tuple("0123456789")
_SPLITS = ("train", "test", "extra")
_DAMAGED = (OSError, zlib.error, KeyError, IndexError, ValueError, TypeError, NotImplementedError)


def read(folder: Path, split: str) -> ImageSet:
    """The split ``train`` (73,257), ``test`` (26,032) or ``extra`` (531,131), by torchvision.

    Each is a file of MATLAB's, with the digit 0 labelled 10, which becomes 0. Reading ``extra``
    takes 3.3 GB of memory. Its digits are easier than those of ``train``.

    Raises
    ------
    DataError
        When the file is missing, truncated or damaged, or holds no arrays X and y of MATLAB's
        format 5.
    """
    from scipy.io.matlab import MatReadError
    from torchvision import datasets

    if split not in _SPLITS:
        raise DataError(f"{folder}: no split is called {split!r}; known: {', '.join(_SPLITS)}")
    path = folder / datasets.SVHN.split_list[split][1]
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; fetch the data set first")
    # ours is checked by sha256 on fetching
    files: Any = type("SVHN", (datasets.SVHN,), {"_check_integrity": lambda _: True})
    try:
        found = files(root=folder, split=split)
    except (MatReadError, *_DAMAGED) as problem:
        reason = f"{type(problem).__name__}: {problem}"
        raise DataError(f"{path}: is truncated or damaged: {reason}; fetch it again") from problem
    return ImageSet(np.ascontiguousarray(found.data), found.labels, len(NAMES), NAMES)
