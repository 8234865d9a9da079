"""Whether a training converged, by a rule that is fixed before it: enough of the Inception Score.

Durall et al. 2021 (arXiv 2012.08803), table 3, says of each run whether it converged, and no rule.
Ours: IS(samples) - 1 >= share (IS(reference) - 1). One answer for all images scores 1.
"""

import numpy as np
from pydantic import Field

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("converged",)


class Settings(Spec):
    """share : of what the reference scores above 1; one half, chosen by us."""

    share: float = Field(default=0.5, gt=0, le=1)


def least_samples(settings: Settings) -> int:
    """One sample; it scores 1."""
    return 1


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """1.0 if it converged, else 0.0; of logits (n, classes), in one group on either side.

    Raises
    ------
    EvaluationError
        When the extractor does not classify, or gives all images of the reference one answer.
    """
    aim = _inception_score(reference.features.class_logits())
    if np.isclose(aim, 1, rtol=0, atol=1e-6):
        raise EvaluationError(
            f"convergence: {reference.extractor} gives all {reference.n} images of "
            f"{reference.dataset}.{reference.split} the same answer (Inception Score {aim:.6f}), "
            "expected more than 1. Use an extractor that tells the data set's images apart."
        )
    score = _inception_score(features.class_logits())
    return {"converged": float(score - 1 >= settings.share * (aim - 1))}


def _inception_score(logits: np.ndarray) -> float:
    import torch
    from torch_fidelity.metric_isc import isc_features_to_metric

    found = isc_features_to_metric(torch.from_numpy(logits), splits=1, shuffle=False)
    return found["inception_score_mean"]
