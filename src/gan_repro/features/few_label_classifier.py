"""A classifier that the suite trained on the data set itself, with a fraction of the labels."""

from collections.abc import Mapping
from typing import Any

from gan_repro.features._trained import CLASSIFIER, Classifier, last_weights
from gan_repro.kinds import Spec
from gan_repro.measuring import Input

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "some"


class Settings(Spec):
    """Nothing can be chosen: the run that trained it says how many labels it saw."""


def network_input(settings: Settings) -> Input:
    """Images as they are."""
    return Input(size=None, resize="none")


def load(settings: Settings, weights: Mapping[str, Any] | None = None) -> Classifier:
    """The classifier in the last of a run's snapshots, as tensors or arrays.

    weights : ``"{round:08d}/classifier/{parameter}"`` -> values.

    Raises
    ------
    MissingWeightsError
        When there are no weights of a classifier.
    """
    return Classifier(last_weights("few_label_classifier", CLASSIFIER, weights))
