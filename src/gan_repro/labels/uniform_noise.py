"""Labels are redrawn uniformly over all classes, the true one included (rGAN's symmetric noise)."""

import numpy as np
from pydantic import Field

from gan_repro import corruption
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.randomness import numpy_generator


class Settings(Spec):
    """rate : mu, the probability that a label is redrawn, in [0, 1]."""

    rate: float = Field(ge=0, le=1)
    seed: int = Field(default=0, ge=0)


def make(settings: Settings, images: ImageSet) -> LabelSet:
    """Each label, on its own, is redrawn with probability mu: T = (1 - mu) I + mu / C.

    About mu (1 - 1/C) of the labels become wrong (rGAN, datasets/cifar.py).
    """
    clean = corruption.clean_labels("uniform_noise", images)
    draws = numpy_generator(settings.seed, "labels/uniform_noise")
    redrawn = draws.random(len(clean)) < settings.rate
    anything = draws.integers(0, images.classes, size=len(clean))
    given = np.where(redrawn, anything, clean)
    return corruption.label_set("uniform_noise", settings, images, given)
