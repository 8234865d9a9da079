"""Images as they are: every pixel is a feature, in [0, 1]."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.features._trained import as_they_are
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, weights_sha256

if TYPE_CHECKING:
    from torch import Tensor

CLASSIFIES = False
TRAINED_HERE = False
SEES_LABELS = "none"


class Settings(Spec):
    """Nothing can be chosen."""


class Pixels:
    """No network at all; its hash is that of no weights."""

    def __init__(self) -> None:
        self.sha256 = weights_sha256({})

    def features(self, images: np.ndarray, batch_size: int = 250) -> Features:
        """uint8 images (n, c, h, w) -> float32 (n, c * h * w) in [0, 1]."""
        return Features(images.reshape(len(images), -1).astype(np.float32) / 255.0, None)


network_input = as_they_are


def load(settings: Settings, weights: "Mapping[str, Tensor | Any] | None" = None) -> Pixels:
    """The pixels; ``weights`` is not used."""
    return Pixels()
