"""Whether labels are generated as often as they occur: total variation distance of the marginals.

TV(p, q) = 1/2 sum_c |p_c - q_c|, p the mean generated label, q the mean label that the run trained
on. JGAN (arXiv 1905.11574) generates its labels, so nothing but training makes the two alike.
"""

import numpy as np

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("label_tv", "label_tv_hard")


class Settings(Spec):
    """Nothing can be chosen."""


def least_samples(settings: Settings) -> int:
    """One image."""
    return 1


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """Distances in [0, 1]: of mean label rows, and of how often each entry is the largest.

    ``reference`` is not used. Rows of several labels side by side are compared by their mean share.

    Raises
    ------
    EvaluationError
        When the images have no labels, or labels that are no distributions.
    """
    labels, trained_on = features.labels, features.label_marginal
    if labels is None or trained_on is None:
        raise EvaluationError(
            "label_marginal: needs images with labels, of a run that trained on labels. Leave this "
            "metric out of the protocols of runs without labels."
        )
    size, total = trained_on.shape[1], trained_on[0].sum()
    rows = np.eye(size)[labels] if labels.ndim == 1 else labels.astype(np.float64)
    sums = rows.sum(axis=1)
    if rows.min() < -1e-4 or np.ptp(sums) > 1e-3 or abs(sums[0] - total) > 1e-3:
        raise EvaluationError(
            "label_marginal: generated label rows are no distributions (entries below 0, or sums "
            "other than those of the training labels). Leave this metric out of the run's "
            "protocols."
        )
    largest = np.eye(size)[rows.argmax(axis=1)]
    return {
        "label_tv": _distance(rows / total, trained_on[0] / total),
        "label_tv_hard": _distance(largest, trained_on[1]),
    }


def _distance(rows: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(rows.mean(axis=0) - wanted).sum() / 2)
