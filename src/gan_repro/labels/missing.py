"""A share of the labels is taken away."""

import numpy as np
from pydantic import Field

from gan_repro import corruption
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.randomness import numpy_generator


class Settings(Spec):
    """rate : the share of labels that are missing, in [0, 1]."""

    rate: float = Field(ge=0, le=1)
    seed: int = Field(default=0, ge=0)


def make(settings: Settings, images: ImageSet) -> LabelSet:
    """Exactly round(rate N) labels become ``MISSING``; the others stay as they are.

    With the same seed, the labels missing at a lower rate are also missing at a higher one.
    """
    clean = corruption.clean_labels("missing", images)
    draws = numpy_generator(settings.seed, "labels/missing")
    taken = corruption.exact_share(settings.rate, draws, len(clean))
    return corruption.label_set("missing", settings, images, np.where(taken, MISSING, clean))
