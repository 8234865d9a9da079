"""fc3 and logits of Stacked GAN's encoder, trained on the data set itself: on labels, or on turns.

``stacked_encoder_rotation`` is the one that sees no label (methods/stacked_encoder.py).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from gan_repro.features._trained import as_they_are, loader, unit
from gan_repro.kinds import Spec

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "all"


class Settings(Spec):
    """task : what it was trained on; widths and classes are the weights' own."""

    task: Literal["labels", "rotation"] = "labels"


def named(rest: str) -> dict[str, Any]:
    """Settings of ``rotation``."""
    return {"task": rest}


def _network(weights: Mapping[str, "Tensor"]) -> "nn.Module":
    from gan_repro.nets.stacked_encoder import Encoder

    return Encoder.from_weights(weights)


network_input = as_they_are
load = loader("stacked_encoder", "stacked_encoder", _network, unit)
