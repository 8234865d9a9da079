"""A classifier that the suite trained on the data set itself; its own accuracy is a score."""

from gan_repro.features._trained import CLASSIFIER, as_they_are, classifier, loader
from gan_repro.kinds import Spec

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "all"


class Settings(Spec):
    """Nothing can be chosen: the width, the classes and the channels are the weights' own."""


network_input = as_they_are
load = loader("classifier", CLASSIFIER, classifier)
