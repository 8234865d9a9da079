"""A classifier of a data set's own images: one player, cross-entropy, Adam.

The suite's instrument for small images, where an ImageNet network sees little: Inception Score,
Frechet distance and label agreement are computed with its logits and pooled features.
"""

from pydantic import Field

from gan_repro.game import Adam, Game
from gan_repro.images import ImageShape
from gan_repro.kinds import Spec
from gan_repro.methods import _supervised
from gan_repro.nets.classifier import Classifier

CITATION = "The suite's own; no paper's method."
NAME = "classifier"


class Settings(Spec):
    """width : channels of the first convolutions; learning_rate, beta1, beta2 : Adam's."""

    width: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    beta1: float = 0.9
    beta2: float = 0.999


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of a classifier that learns alone."""
    adam = Adam(
        learning_rate=settings.learning_rate,
        beta1=settings.beta1,
        beta2=settings.beta2,
        decay="linear",
    )
    return _supervised.game(NAME, Classifier(shape.channels, classes, settings.width), adam)
