"""ResNet-18 as a classifier of a data set's own images: one player, cross-entropy, Adam.

Durall et al. (arXiv 2012.08803), experiments on CelebA, condition on features of a trained
classifier, whose architecture they do not give; this is our choice for it.
"""

from pydantic import Field

from gan_repro.game import Game
from gan_repro.images import ImageShape
from gan_repro.methods import _supervised
from gan_repro.methods._alone import AloneSettings
from gan_repro.nets.resnet18 import LARGE, ResNet18

CITATION = "He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv 1512.03385"
NAME = "resnet18"


class Settings(AloneSettings):
    """width : channels of the first stage; 64 in the paper, which learns by SGD."""

    width: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of a classifier that learns alone; from 64 pixels on with the large stem."""
    large = min(shape.height, shape.width) >= LARGE
    network = ResNet18(shape.channels, classes, settings.width, large)
    terms = _supervised.classification(NAME)
    return settings.game(NAME, network, terms, only_labelled=True)
