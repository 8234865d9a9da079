"""Codes of an autoencoder that the suite trained on the data set's own images."""

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
    """Nothing can be chosen: the code's size, the width and the channels are the weights' own."""


def _encoder(weights: Mapping[str, "Tensor"]) -> "nn.Module":
    """Codes (n, code_size) in the place of pooled features; the decoder is not needed."""
    from gan_repro.nets.autoencoder import Encoder

    return Encoder.from_weights(weights)


network_input = as_they_are
load = loader("autoencoder", "autoencoder", _encoder)
