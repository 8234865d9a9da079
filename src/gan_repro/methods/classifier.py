"""A classifier of a data set's own images: one player, cross-entropy, Adam.

The suite's instrument for small images, where an ImageNet network sees little: Inception Score,
Frechet distance and label agreement are computed with its logits and pooled features.
"""

from pydantic import Field

from gan_repro.game import Game
from gan_repro.images import ImageShape
from gan_repro.methods import _supervised
from gan_repro.methods._alone import AloneSettings
from gan_repro.nets.classifier import Classifier

CITATION = "The suite's own; no paper's method."
NAME = "classifier"


class Settings(AloneSettings):
    """width : channels of the first convolutions."""

    width: int = Field(default=32, ge=1)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of a classifier that learns alone."""
    network = Classifier(shape.channels, classes, settings.width)
    terms = _supervised.classification(NAME)
    return settings.game(NAME, network, terms, only_labelled=True)
