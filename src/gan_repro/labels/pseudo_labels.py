"""What a classifier says that was trained on a fraction of the labels (Lee 2013, pseudo-labels)."""

import numpy as np
from pydantic import field_validator

from gan_repro import weak_labels
from gan_repro.errors import ConfigurationError
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Reference, find_extractor


class Settings(Spec):
    """soft : labels are the classifier's probabilities, not its first choice."""

    extractor: str = "few_label_classifier"
    soft: bool = False

    @field_validator("extractor")
    @classmethod
    def _classifies(cls, name: str) -> str:
        module, _ = find_extractor(name)
        if not module.CLASSIFIES:
            raise ValueError(f"{name!r} does not classify. Take an extractor that does")
        if module.SEES_LABELS == "all":
            raise ValueError(
                f"{name!r} was trained with every label, so nothing is guessed. "
                "Take few_label_classifier"
            )
        return name


def make(settings: Settings, images: ImageSet, seen: Reference) -> LabelSet:
    """argmax of the logits, int64 (n,), or their softmax, float32 (n, classes); of every image.

    Images whose label the classifier was trained with get no other treatment.

    Raises
    ------
    ConfigurationError
        When the classifier knows another number of classes.
    """
    from scipy.special import softmax

    weak_labels.check_view("pseudo_labels", settings.extractor, images, seen)
    logits = seen.features.class_logits()
    if logits.shape[1] != images.classes:
        raise ConfigurationError(
            f"labels.pseudo_labels: {settings.extractor} tells {logits.shape[1]} classes apart; "
            f"expected the data set's {images.classes}. Take a classifier of this data set."
        )
    probabilities = softmax(logits.astype(np.float64), axis=1)
    choices = logits.argmax(axis=1).astype(np.int64)
    clean = weak_labels.known_labels(images)
    found = {
        "agreement": None if clean is None else float(np.mean(choices == clean)),
        "confidence": float(probabilities.max(axis=1).mean()),
    }
    given = probabilities.astype(np.float32) if settings.soft else choices
    return weak_labels.label_set(
        "pseudo_labels", settings, images, given, images.classes, seen, found
    )
