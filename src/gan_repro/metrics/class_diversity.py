"""How far the samples of one class lie apart, beside real images of one class.

Huang et al. 2017 (arXiv 1612.04357), section 4.5, show that a generator with a conditional loss
alone collapses to one image a class; they give no number, and the Inception Score does not see it.
Ours: the mean squared distance of two images of one class, in the extractor's features.
"""

import numpy as np
from pydantic import Field

from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference
from gan_repro.metrics._distances import between_pairs

NAMES = ("class_diversity", "class_diversity_real", "class_diversity_share")


class Settings(Spec):
    """least : samples of a class; classes with fewer are left out."""

    least: int = Field(default=2, ge=2)


def least_samples(settings: Settings) -> int:
    """So many that some class of a few dozen has enough."""
    return 50 * settings.least


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """The mean over classes, of samples and of the reference's images, and their ratio.

    Raises
    ------
    EvaluationError
        When samples or reference have no classes, or no class has enough images.
    """
    ours = _diversity("samples", features.pooled, features.labels, settings.least)
    real = _diversity("reference", reference.features.pooled, reference.labels, settings.least)
    return dict(zip(NAMES, (ours, real, ours / real), strict=True))


def _diversity(what: str, rows: np.ndarray, labels: np.ndarray | None, least: int) -> float:
    if labels is not None and labels.ndim == 2:  # generated with the image
        labels = labels.argmax(axis=1)
    classes = [] if labels is None else [c for c in np.unique(labels) if c != MISSING]
    found = []
    for c in classes:
        own = rows[labels == c]
        if len(own) >= least:
            found.append(between_pairs(own))
    if not found:
        raise EvaluationError(
            f"class_diversity: no class of the {what} has {least} images with a label. Score a run "
            "with labels, and more samples."
        )
    return float(np.mean(found))
