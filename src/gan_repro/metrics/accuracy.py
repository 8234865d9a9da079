"""The extractor's own accuracy on the reference split: how far its other numbers can be trusted."""

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("accuracy",)


class Settings(Spec):
    """Nothing can be chosen."""


def least_samples(settings: Settings) -> int:
    """No samples are looked at."""
    return 0


def compute(
    settings: Settings, features: Features | None, reference: Reference
) -> dict[str, float]:
    """The share, in [0, 1], of reference images whose largest logit names their label.

    Raises
    ------
    EvaluationError
        When the extractor classifies into other classes than the data set's.
    """
    logits = reference.features.class_logits()
    if logits.shape[1] != reference.classes:
        raise EvaluationError(
            f"accuracy: {reference.extractor} knows {logits.shape[1]} classes, "
            f"{reference.dataset} has {reference.classes}. Use the extractor 'classifier'."
        )
    return {"accuracy": float((logits.argmax(axis=1) == reference.labels).mean())}
