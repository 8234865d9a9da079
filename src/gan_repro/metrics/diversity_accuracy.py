"""Are the classes whose samples differ those whose samples a classifier recognises?

Odena, Olah and Shlens 2017 (arXiv 1610.09585), section 4.3 and Figure 6: accuracy of a fixed
classifier against MS-SSIM, a point a class. The paper prints "r^2 = -.16"; a square cannot be
negative, so this is r. A class is of low diversity when its samples' mean MS-SSIM is at least that
of the most uniform real class (.25 there), and inaccurate up to an accuracy of 1%.
"""

import numpy as np
from pydantic import Field

from gan_repro.errors import EvaluationError
from gan_repro.measuring import Features, Reference
from gan_repro.metrics import _ms_ssim

NAMES = ("diversity_accuracy_r", "low_diversity_inaccurate", "high_diversity_accurate")


class Settings(_ms_ssim.Settings):
    """inaccurate : the largest accuracy of a class that counts as not recognised."""

    inaccurate: float = Field(default=0.01, ge=0, lt=1)  # section 4.3


def least_samples(settings: Settings) -> int:
    """As for MS-SSIM."""
    return 100


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """Pearson's r in [-1, 1], and shares, in [0, 1], of the classes of low and of high diversity.

    A number that is not defined is left out: r where all classes have the same accuracy or MS-SSIM,
    a share of no classes. By class: ``accuracy_of_C``.

    Raises
    ------
    EvaluationError
        When features are no pixels, or images have no classes or no logits for them.
    """
    similar = _ms_ssim.of_samples(settings, features, reference)
    most = max(pairs.mean() for pairs in _ms_ssim.of_real(settings, reference).values())
    accuracy = class_accuracy(features, reference.classes)
    means = np.array([pairs.mean() for pairs in similar.values()])
    hits = np.array([accuracy[c] for c in similar])
    low, known = means >= most, hits > settings.inaccurate
    found: dict[str, float] = {}
    if len(means) > 1 and np.ptp(means) > 0 and np.ptp(hits) > 0:
        found[NAMES[0]] = float(np.corrcoef(means, hits)[0, 1])
    if low.any():
        found[NAMES[1]] = float(np.mean(~known[low]))
    if not low.all():
        found[NAMES[2]] = float(np.mean(known[~low]))
    if settings.by_class:
        found |= {f"accuracy_of_{c}": float(accuracy[c]) for c in similar}
    return found


def class_accuracy(features: Features, classes: int) -> dict[int, float]:
    """Class -> the share of its images whose largest logit names it; of the classes that occur."""
    labels, logits = _ms_ssim.hard(features.labels, classes), features.class_logits()
    if labels is None or logits.shape[1] != classes:
        raise EvaluationError(
            f"diversity_accuracy: needs images with classes, and logits for the {classes} of the "
            f"data set, got {logits.shape[1]}. Use the extractor 'classifier_pixels'."
        )
    right = logits.argmax(axis=1) == labels
    return {int(c): float(right[labels == c].mean()) for c in np.unique(labels)}
