"""Whether samples fail more often where the code that they were made from lies near a border.

Durall et al. 2021 (arXiv 2012.08803), section 4.2 and figure 5, show it and give no number. Ours:

    margin = L1 distance to the nearest code of another class
             - L1 distance to the nearest other code of the own class
"""

import hashlib
import math

import numpy as np
from pydantic import Field

from gan_repro.distances import l1_distances
from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("border_accuracy", "core_accuracy", "border_effect")
DISTANCES_AT_ONCE = 4_000_000


class Settings(Spec):
    """share : of samples, those with the smallest margins are the border, the largest the core."""

    share: float = Field(default=0.2, gt=0, le=0.5)


def least_samples(settings: Settings) -> int:
    """So many that the share is one sample."""
    return math.ceil(1 / settings.share)


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """Accuracies, in [0, 1], at the border and in the core, and core minus border.

    A sample is right when its largest logit names the class of its code. Margins are those among
    the codes (n, d) that samples were made from; samples whose code is the only one of its class
    are left out, and samples with equal margins stay together.

    Raises
    ------
    EvaluationError
        When there are no codes, or codes and classifier speak of other classes, or no code has
        both neighbours.
    """
    codes, classes = _coded(features, reference)
    right = features.class_logits().argmax(axis=1) == classes
    margins = _margins(codes, classes)
    known = np.isfinite(margins)
    if not known.any():
        raise EvaluationError(
            f"border_effect: of {len(codes)} codes of {len(set(classes.tolist()))} classes none "
            "has a neighbour in its own class and one in another. Raise the protocol's samples."
        )
    right, margins = right[known], margins[known]
    ordered, count = np.sort(margins), max(1, int(settings.share * len(margins)))
    border = float(right[margins <= ordered[count - 1]].mean())
    core = float(right[margins >= ordered[-count]].mean())
    return dict(zip(NAMES, (border, core, core - border), strict=True))


def _coded(features: Features, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """The samples' codes (n, d) and their classes (n,)."""
    codes, labels = features.codes, features.labels
    if codes is None:
        raise EvaluationError(
            "border_effect: these samples were not made from codes. Leave this metric out of the "
            "run's protocols, or train the method on labels of kind 'features'."
        )
    known = features.class_logits().shape[1]
    if labels is None or labels.ndim != 1 or (labels == MISSING).any():
        raise EvaluationError(
            "border_effect: needs the class of each image whose code was fed, and there are none "
            f"or not all. Score a run on images with classes, not on {reference.dataset}."
        )
    if known != reference.classes:
        raise EvaluationError(
            f"border_effect: {reference.extractor} knows {known} classes, {reference.dataset} has "
            f"{reference.classes}. Use the extractor 'classifier'."
        )
    return codes, labels


def _margins(codes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Of each code (n, d), float64 (n,); not finite where it lacks one of the neighbours."""
    number = _numbered(codes, classes)
    _, places = np.unique(number, return_index=True)
    rows, kinds = np.ascontiguousarray(codes[places]), classes[places]
    step = max(1, DISTANCES_AT_ONCE // len(rows))
    found = np.empty(len(rows))
    for start in range(0, len(rows), step):
        some = np.arange(start, min(start + step, len(rows)))
        distances = l1_distances(rows[some], rows)
        same = kinds[some, None] == kinds
        other = np.where(same, np.inf, distances).min(axis=1)
        distances[np.arange(len(some)), some] = np.inf
        own = np.where(same, distances, np.inf).min(axis=1)
        with np.errstate(invalid="ignore"):
            found[some] = other - own
    return found[number]


def _numbered(codes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The number of each code, int64 (n,): a code that is fed again is no neighbour of itself."""
    seen: dict[bytes, int] = {}
    keys = (
        b"%d/" % kind + hashlib.sha256(row.tobytes()).digest()
        for row, kind in zip(codes, classes, strict=True)
    )
    return np.array([seen.setdefault(key, len(seen)) for key in keys])
