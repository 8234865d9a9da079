"""The second block of a RotNet that the suite trained on the data set's own images, averaged."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gan_repro.features._trained import as_they_are, loader
from gan_repro.kinds import Spec

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSIFIES = False
TRAINED_HERE = True
SEES_LABELS = "none"


class Settings(Spec):
    """Nothing can be chosen: the width and the channels are the weights' own."""


def _encoder(weights: Mapping[str, "Tensor"]) -> "nn.Module":
    """Features (n, width) after the second block; what it says of turns is not needed."""
    from gan_repro.nets.nin import NetworkInNetwork

    return NetworkInNetwork.from_weights(weights).encoder()


network_input = as_they_are
load = loader("rotnet", "rotnet", _encoder)
