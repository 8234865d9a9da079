"""A ResNet-18 that the suite trained on the data set itself, with all its labels."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gan_repro.features._trained import as_they_are, loader
from gan_repro.kinds import Spec

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "all"


class Settings(Spec):
    """Nothing can be chosen: the width, the stem, the classes and the channels are the weights'."""


def _network(weights: Mapping[str, "Tensor"]) -> "nn.Module":
    """Pooled features (n, 8 width), 512 in the paper, and logits."""
    from gan_repro.nets.resnet18 import ResNet18

    return ResNet18.from_weights(weights)


network_input = as_they_are
load = loader("resnet18", "resnet18", _network)
