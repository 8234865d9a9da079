"""Whether images show what their labels say: a classifier's answer against the label.

For a conditional generator the label is the class that was asked for; for a joint one it is the
largest entry of the label that was generated with the image (JGAN, arXiv 1905.11574, section 2).
"""

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("label_agreement",)


class Settings(Spec):
    """Nothing can be chosen."""


def least_samples(settings: Settings) -> int:
    """One image."""
    return 1


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """The share, in [0, 1], of images whose largest logit names their label.

    A label row that goes on after the data set's classes (a class beside another label) counts by
    its classes.

    Raises
    ------
    EvaluationError
        When the images have no labels, or labels and classifier speak of other classes.
    """
    answers = features.class_logits().argmax(axis=1)
    classes, labels = reference.classes, features.labels
    if labels is None or features.class_logits().shape[1] != classes:
        raise EvaluationError(
            f"label_agreement: needs images with labels and a classifier of the {classes} classes "
            f"of {reference.dataset}. Use the extractor 'classifier', and a method with labels."
        )
    if labels.ndim == 2:
        if labels.shape[1] < classes:
            raise EvaluationError(
                f"label_agreement: label rows have {labels.shape[1]} entries, expected at least "
                f"the {classes} classes of {reference.dataset}. Weak labels name no classes: leave "
                "this metric out of the run's protocols."
            )
        labels = labels[:, :classes].argmax(axis=1)
    return {"label_agreement": float((answers == labels).mean())}
