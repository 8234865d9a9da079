"""A classifier that the suite trained on the data set itself, with a fraction of the labels."""

from gan_repro.features._trained import CLASSIFIER, as_they_are, classifier, loader
from gan_repro.kinds import Spec

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "some"


class Settings(Spec):
    """Nothing can be chosen: the run that trained it says how many labels it saw."""


network_input = as_they_are
load = loader("few_label_classifier", CLASSIFIER, classifier)
