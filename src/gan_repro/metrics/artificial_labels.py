"""How pure a run's own labels of real images are, by reliability, and how evenly they are used.

Watanabe and Favaro 2021 (arXiv 2106.09914), section 3.1 and Figure 3: of real images with one
artificial label, the more reliable ones agree more on a true class. The paper has no number for it;
these are ours.
"""

import numpy as np
from pydantic import Field

from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

DECILES = 10
NEEDS_LABELLER = True
NAMES = (
    "purity",
    *(f"purity_decile_{number}" for number in range(1, DECILES + 1)),
    "purity_gap",
    "kept",
    "reliability",
    "class_evenness",
    "largest_class",
)


class Settings(Spec):
    """threshold : the least reliability of an image that counts as kept; the method's own Th."""

    threshold: float = Field(default=0.95, ge=0, le=1)


def least_samples(settings: Settings) -> int:
    """None: the metric looks at real images alone."""
    return 0


def compute(
    settings: Settings, features: Features | None, reference: Reference
) -> dict[str, float]:
    """Shares in [0, 1], over the reference's images whose true class is given.

    purity : of images, those of the majority class of their artificial label: the true class that
        most images with that label have.
    purity_decile_1 .. _10 : the same among a tenth of each label's images, by rank of reliability:
        1 holds the most reliable tenth of every label, 10 the least. The majority class is that of
        all the label's images. Labels of fewer than ten images are left out here.
    purity_gap : decile 1 minus decile 10, in [-1, 1].
    kept : of images, those whose reliability is at least the threshold.
    reliability : the mean.
    class_evenness : the entropy of the use of labels, over its largest possible value.
    largest_class : of images, those with the most frequent label.

    Raises
    ------
    EvaluationError
        When nobody labelled the reference's images, or too few have a true class: ten a label.
    """
    said, true = _labelled(reference)
    labels, reliability = said.argmax(axis=1), said.max(axis=1)
    agree = true == _majority(labels, true, said.shape[1], reference.classes)[labels]
    tenths = _tenths(labels, reliability)
    pure = [float(agree[tenths == tenth].mean()) for tenth in range(DECILES)]
    use = np.bincount(labels, minlength=said.shape[1]) / len(labels)
    entropy = (use[use > 0] * -np.log(use[use > 0])).sum() + 0.0  # not -0
    return {
        "purity": float(agree.mean()),
        **{f"purity_decile_{tenth + 1}": value for tenth, value in enumerate(pure)},
        "purity_gap": pure[0] - pure[-1],
        "kept": float((reliability >= settings.threshold).mean()),
        "reliability": float(reliability.mean()),
        "class_evenness": float(entropy / np.log(said.shape[1])),
        "largest_class": float(use.max()),
    }


def _labelled(reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, k) and true classes (n,) of the images that have both; refused if few."""
    if reference.artificial is None:
        raise EvaluationError(
            "artificial_labels: the reference's images have no artificial labels. Score a run "
            "whose method labels images, by a protocol with the extractor 'pixels'."
        )
    given, least = reference.labels != MISSING, DECILES * reference.artificial.shape[1]
    if given.sum() < least:
        raise EvaluationError(
            f"artificial_labels: {int(given.sum())} images of {reference.dataset}."
            f"{reference.split} have a true class, expected at least {least}, ten an artificial "
            "label. Choose another reference_split, or a larger reference_count."
        )
    return reference.artificial[given].astype(np.float64), reference.labels[given]


def _majority(labels: np.ndarray, true: np.ndarray, count: int, classes: int) -> np.ndarray:
    """For each artificial label the true class of most of its images, the first of equals."""
    together = np.zeros((count, classes), np.int64)
    np.add.at(together, (labels, true), 1)
    return together.argmax(axis=1)


def _tenths(labels: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    """Which tenth of its label's images each image is in, 0 for the most reliable ones.

    Of m images, that of rank r is in the tenth floor(10 r / m); -1 where m is less than ten.
    """
    tenths = np.full(len(labels), -1)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        if len(own) >= DECILES:
            ranked = own[np.argsort(-reliability[own], kind="stable")]
            tenths[ranked] = DECILES * np.arange(len(own)) // len(own)
    return tenths
