"""A classifier that the suite trained on the data set itself; its own accuracy is a score."""

from collections.abc import Mapping
from typing import Any

from gan_repro.features._trained import CLASSIFIER, Classifier, last_weights
from gan_repro.kinds import Spec
from gan_repro.measuring import Input

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "all"


class Settings(Spec):
    """Nothing can be chosen: the width, the classes and the channels are the weights' own."""


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
    return Classifier(last_weights("classifier", CLASSIFIER, weights))
