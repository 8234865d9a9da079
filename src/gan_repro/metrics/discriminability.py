"""Do samples show the class asked for, and do they need their pixels for it?

Odena, Olah and Shlens 2017 (arXiv 1610.09585), section 4.1 and Figure 3: the accuracy of a fixed
classifier on samples as they are, and after bilinear resizing to a half and to a quarter of their
side and back. If a generator only made small images larger, it would lose nothing.
"""

import numpy as np
from pydantic import Field

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

SIZES = ("native", "half", "quarter")
STATISTICS = ("discriminability", "discriminability_spread", "discriminability_real")
NAMES = (
    *(f"{statistic}_{size}" for statistic in STATISTICS for size in SIZES),
    "discriminability_lost_half",
    "discriminability_lost_quarter",
    "discriminability_classes",
    "discriminability_classes_real",
)


class Settings(Spec):
    """subsets : of the images, in their order, over whose accuracies the spread is taken."""

    subsets: int = Field(default=10, ge=2)  # Figure 3


def least_samples(settings: Settings) -> int:
    """An image a subset."""
    return settings.subsets


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """Of logits (n, k), and features (n, 2 k), which are the logits at half and at quarter size.

    Accuracies, in [0, 1], of samples against the classes asked for; their deviation over subsets;
    accuracies of real images against their labels; the share of samples' native accuracy that each
    smaller size loses (0 where there is none to lose); and the share of classes that are more
    accurate at native than at quarter size.

    Raises
    ------
    EvaluationError
        When images have no classes, or the extractor gives other numbers.
    """
    ours = _hits("samples", features, features.labels, reference)
    real = _hits("reference", reference.features, reference.labels, reference)
    accuracies = ours[0].mean(axis=1)
    parts = [part.mean(axis=1) for part in np.array_split(ours[0], settings.subsets, axis=1)]
    lost = 1 - accuracies[1:] / accuracies[0] if accuracies[0] else np.zeros(2)
    values = (
        *accuracies,
        *np.std(parts, axis=0),
        *real[0].mean(axis=1),
        *lost,
        _more_at_native(*ours),
        _more_at_native(*real),
    )
    return {name: float(value) for name, value in zip(NAMES, values, strict=True)}


def _hits(
    what: str, features: Features, labels: np.ndarray | None, reference: Reference
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each image is recognised, bool (sizes, n), and the classes (n,)."""
    logits = features.class_logits()
    if logits.shape[1] != reference.classes or features.pooled.shape[1] != 2 * logits.shape[1]:
        raise EvaluationError(
            f"discriminability: {reference.extractor} gives {logits.shape[1]} logits and "
            f"{features.pooled.shape[1]} features, expected {reference.classes} classes, and twice "
            "as many logits of smaller images. Use the extractor 'classifier_halved' or "
            "'inception2015_halved'."
        )
    if labels is None:
        raise EvaluationError(
            f"discriminability: the {what} have no classes. Leave this metric out of the protocols "
            "of runs without labels."
        )
    # rows may go on behind the classes, where labels of another kind stand beside
    given = labels[:, : reference.classes].argmax(axis=1) if labels.ndim == 2 else labels
    sizes = (logits, *np.split(features.pooled, 2, axis=1))
    return np.stack([size.argmax(axis=1) == given for size in sizes]), given


def _more_at_native(hits: np.ndarray, classes: np.ndarray) -> float:
    own = [hits[:, classes == c].mean(axis=1) for c in np.unique(classes)]
    return float(np.mean([native > quarter for native, _, quarter in own]))
