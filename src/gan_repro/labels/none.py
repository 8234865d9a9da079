"""No image has a label: for splits without labels, such as STL-10's, and methods without them."""

import numpy as np

from gan_repro import weak_labels
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.kinds import Spec


class Settings(Spec):
    """Nothing to set."""


def make(settings: Settings, images: ImageSet) -> LabelSet:
    """All labels are ``MISSING``, whatever the images came with."""
    given = np.full(len(images), MISSING, dtype=np.int64)
    return weak_labels.label_set("none", settings, images, given, images.classes)
