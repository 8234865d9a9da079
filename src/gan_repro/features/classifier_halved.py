"""What the data set's own classifier says of images, and of them at half and at quarter size."""

from collections.abc import Mapping
from typing import Any

from gan_repro.features._trained import CLASSIFIER, as_they_are, classifier, loader
from gan_repro.features._views import Halved
from gan_repro.kinds import Spec

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "all"
INSTRUMENT = "classifier"
"""The extractor whose run trains this one, too."""


class Settings(Spec):
    """Nothing can be chosen."""


network_input = as_they_are
_network = loader("classifier_halved", CLASSIFIER, classifier)


def load(settings: Settings, weights: Mapping[str, Any] | None = None) -> Halved:
    """The classifier in the last of a run's snapshots; MissingWeightsError without it."""
    return Halved(_network(settings, weights))
