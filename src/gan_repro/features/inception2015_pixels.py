"""Which of ImageNet's classes Inception-v3 sees in images, beside their pixels."""

from collections.abc import Mapping
from typing import Any

from gan_repro.features._imagenet import Sorted, network_input, weights_file
from gan_repro.features._views import Pixels
from gan_repro.kinds import Spec

CLASSIFIES = True
TRAINED_HERE = False
SEES_LABELS = "all"

__all__ = ["Settings", "load", "network_input"]


class Settings(Spec):
    """Nothing can be chosen."""


def load(settings: Settings, weights: Mapping[str, Any] | None = None) -> Pixels:
    """The network, and the list of its classes that lies beside it; ``weights`` is not used."""
    return Pixels(Sorted(weights_file()))
