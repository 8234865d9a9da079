"""The data set's own labels, unchanged."""

from gan_repro import corruption
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec


class Settings(Spec):
    """Nothing to set."""


def make(settings: Settings, images: ImageSet) -> LabelSet:
    """Every label as it is: y' = y."""
    return corruption.label_set("clean", settings, images, corruption.clean_labels("clean", images))
