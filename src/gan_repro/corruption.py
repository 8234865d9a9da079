"""What all kinds of label corruption share: their input and the manifest they leave."""

import hashlib
from typing import Any

import numpy as np

from gan_repro.errors import ConfigurationError, DataError
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.kinds import Spec


def clean_labels(kind: str, images: ImageSet) -> np.ndarray:
    """The hard labels of ``images``, all given, as int64 (n,).

    Raises
    ------
    DataError
        When labels are soft, missing or out of range: they cannot be corrupted a second time.
    """
    labels = images.labels
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"labels.{kind}: labels are {labels.dtype} of shape {labels.shape}; expected one clean "
            "class per image. Start from the data set's own labels."
        )
    if len(labels) and (labels.min() < 0 or labels.max() >= images.classes):
        raise DataError(
            f"labels.{kind}: labels lie in [{labels.min()}, {labels.max()}], expected "
            f"[0, {images.classes - 1}]. Start from the data set's own, complete labels."
        )
    return labels.astype(np.int64)


def exact_share(rate: float, draws: np.random.Generator, count: int) -> np.ndarray:
    """A mask with exactly round(rate * count) items, all subsets equally likely.

    With the same draws, the items of a lower rate are among those of a higher one.
    """
    chosen = np.zeros(count, dtype=bool)
    chosen[draws.permutation(count)[: round(rate * count)]] = True
    return chosen


def class_number(name: str, images: ImageSet) -> int:
    """The number of the class called ``name``; raises ConfigurationError naming the known ones."""
    if name not in images.names:
        known = ", ".join(images.names) or "none (the data set does not name its classes)"
        raise ConfigurationError(f"labels: no class is called {name!r}. Known: {known}.")
    return images.names.index(name)


def label_set(kind: str, settings: Spec, images: ImageSet, given: np.ndarray) -> LabelSet:
    """``given`` with its manifest; see ``LabelSet``.

    The transition matrix has a row per clean class and a column per given class: ``counts``, and
    ``shares`` of the row. A missing label has no column, so such rows of shares sum to less than 1.
    """
    clean = clean_labels(kind, images)
    asked = settings.model_dump(mode="json")
    manifest: dict[str, Any] = {
        "kind": kind,
        "settings": asked,
        "seed": asked.get("seed"),
        "rate_asked": asked.get("rate", 0.0),
        "rate_realised": float(np.mean(given != clean)) if len(clean) else 0.0,
        "items": len(clean),
        "changed": int(np.sum((given != clean) & (given != MISSING))),
        "missing": int(np.sum(given == MISSING)),
        "classes": images.classes,
        "names": list(images.names),
        "clean_sha256": _sha256(clean),
        "given_sha256": _sha256(given),
        "clean_counts": _counts(clean, images.classes).tolist(),
        "given_counts": _counts(given, images.classes).tolist(),
        "transition": _transition(clean, given, images.classes),
    }
    return LabelSet(given.astype(np.int64), manifest)


def _counts(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.bincount(labels[labels != MISSING], minlength=classes)


def _transition(clean: np.ndarray, given: np.ndarray, classes: int) -> dict[str, Any]:
    there = given != MISSING
    pairs = clean[there] * classes + given[there]
    counts = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    totals = np.maximum(_counts(clean, classes), 1)[:, None]
    return {"counts": counts.tolist(), "shares": (counts / totals).tolist()}


def _sha256(labels: np.ndarray) -> str:
    """Over little-endian int64, so that it is the same on every machine."""
    return hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest()
