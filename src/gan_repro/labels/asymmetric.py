"""Labels move to one similar class (rGAN's asymmetric noise on CIFAR-10)."""

import numpy as np
from pydantic import Field

from gan_repro import corruption
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.randomness import numpy_generator

# rGAN, datasets/cifar.py
CIFAR10_PAIRS = {
    "truck": "automobile",
    "bird": "airplane",
    "deer": "horse",
    "cat": "dog",
    "dog": "cat",
}


class Settings(Spec):
    """rate : the probability that a label of a listed class moves, in [0, 1].

    pairs : class name -> the class name it is mistaken for; by default CIFAR-10's.
    """

    rate: float = Field(ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    pairs: dict[str, str] = Field(default_factory=lambda: dict(CIFAR10_PAIRS))


def make(settings: Settings, images: ImageSet) -> LabelSet:
    """Each label of a listed class, on its own, moves with probability ``rate``; others stay.

    Raises
    ------
    ConfigurationError
        When a pair names a class that the data set does not have.
    """
    clean = corruption.clean_labels("asymmetric", images)
    target = np.arange(images.classes)
    for source, mistaken_for in settings.pairs.items():
        number = corruption.class_number(source, images)
        target[number] = corruption.class_number(mistaken_for, images)
    draws = numpy_generator(settings.seed, "labels/asymmetric")
    moved = draws.random(len(clean)) < settings.rate
    given = np.where(moved, target[clean], clean)
    return corruption.label_set("asymmetric", settings, images, given)
