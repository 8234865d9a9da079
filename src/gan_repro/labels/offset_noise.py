"""A share of the labels is moved to another class by a random offset (JGAN section 3)."""

from pydantic import Field

from gan_repro import corruption
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.randomness import numpy_generator


class Settings(Spec):
    """rate : p, the share of labels that become wrong, in [0, 1]."""

    rate: float = Field(ge=0, le=1)
    seed: int = Field(default=0, ge=0)


def make(settings: Settings, images: ImageSet) -> LabelSet:
    """y' = (y + r) mod C with r uniform on 1..C-1, for exactly round(p N) of the N images.

    r is never 0, so every chosen label is wrong. Drawn once, from a seed of its own; with the same
    seed, the wrong labels of a lower rate are a subset of those of a higher one.
    """
    clean = corruption.clean_labels("offset_noise", images)
    draws = numpy_generator(settings.seed, "labels/offset_noise")
    chosen = corruption.exact_share(settings.rate, draws, len(clean))
    offsets = draws.integers(1, images.classes, size=len(clean))  # r
    given = (clean + chosen * offsets) % images.classes
    return corruption.label_set("offset_noise", settings, images, given)
