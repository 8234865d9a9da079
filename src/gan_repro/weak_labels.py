"""What all kinds of weak labels share: their view of the images and the manifest they leave."""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from gan_repro.errors import DataError
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.kinds import Spec


class View(Protocol):
    """The images as an extractor sees them: what is asked of a ``measuring.Reference`` here."""

    @property
    def extractor(self) -> str:
        """The extractor's name."""

    @property
    def extractor_sha256(self) -> str:
        """The hash of its weights."""

    @property
    def labels(self) -> np.ndarray:
        """The labels that the seen images came with."""


def check_view(kind: str, extractor: str, images: ImageSet, seen: View | None) -> None:
    """Refuse a view by another extractor, or of images with other labels.

    Where no image has a label, other images of the same number are not told apart.

    Raises
    ------
    DataError
        When there is no view, or it is another than the one that ``kind`` asks for.
    """
    advice = "Measure the images again: kedro run --pipelines reference"
    if seen is None or seen.extractor != extractor:
        found = "none was given" if seen is None else f"got one of {seen.extractor!r}"
        raise DataError(f"labels.{kind}: needs the view of {extractor!r}, {found}. {advice}")
    if not np.array_equal(seen.labels, images.labels):
        raise DataError(
            f"labels.{kind}: {extractor} saw {len(seen.labels)} images whose labels are not those "
            f"of the {len(images)} images given; expected the same images in the same order. "
            f"{advice}"
        )


def known_labels(images: ImageSet) -> np.ndarray | None:
    """The hard labels of ``images``, int64 (n,); None where they are soft or some are missing."""
    labels = images.labels
    if labels.ndim != 1 or np.any(labels == MISSING):
        return None
    return labels.astype(np.int64)


def sharpness(rows: np.ndarray) -> dict[str, Any]:
    """How far distributions (n, k) are from uniform, before anything trains on them.

    ``entropy`` H = -sum_c p_c log p_c in nats, ``entropy_share`` H / log k in [0, 1], and the mean
    ``largest_probability``, 1 / k for uniform rows.
    """
    from scipy.stats import entropy

    nats = entropy(rows.astype(np.float64), axis=1)
    summary = {"mean": nats.mean(), "min": nats.min(), "max": nats.max()}
    most = np.log(rows.shape[1])
    return {
        "entropy": {name: float(value) for name, value in summary.items()},
        "entropy_share": {name: float(value / most) for name, value in summary.items()},
        "largest_probability": float(rows.max(axis=1).mean(dtype=np.float64)),
    }


def label_set(
    kind: str,
    settings: Spec,
    images: ImageSet,
    given: np.ndarray,
    size: int,
    seen: View | None = None,
    found: Mapping[str, Any] | None = None,
) -> LabelSet:
    """``given`` with its manifest.

    given : int64 (n,) in [0, size) or ``MISSING``, or float32 (n, size).
    found : what a kind tells about its labels besides; the last entries of the manifest.
    """
    asked = settings.model_dump(mode="json")
    clean = known_labels(images)
    manifest: dict[str, Any] = {
        "kind": kind,
        "settings": asked,
        "seed": asked.get("seed"),
        "items": len(given),
        "size": size,
        "extractor": seen.extractor if seen else None,
        "extractor_sha256": seen.extractor_sha256 if seen else None,
        "clean_sha256": None if clean is None else _sha256(clean),
        "given_sha256": _sha256(given),
        **(found or {}),
    }
    return LabelSet(given, manifest)


def _sha256(labels: np.ndarray) -> str:
    """Over little-endian int64 or float32, so that it is the same on every machine."""
    exact = "<i8" if labels.ndim == 1 else "<f4"
    return hashlib.sha256(labels.astype(exact).tobytes()).hexdigest()
