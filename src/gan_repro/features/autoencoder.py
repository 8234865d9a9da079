"""Codes of an autoencoder that the suite trained on the data set's own images."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.features._trained import last_weights, scaled
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Input, device, in_batches, weights_sha256

if TYPE_CHECKING:
    from torch import Tensor

CLASSIFIES = False
TRAINED_HERE = True
SEES_LABELS = "none"
PLAYER = "autoencoder"


class Settings(Spec):
    """Nothing can be chosen: the code's size, the width and the channels are the weights' own."""


def network_input(settings: Settings) -> Input:
    """Images as they are, of the size that the autoencoder was trained at."""
    return Input(size=None, resize="none")


class Coder:
    """The loaded encoder; the decoder is not needed."""

    def __init__(self, weights: Mapping[str, "Tensor"]):
        import torch

        from gan_repro.nets.autoencoder import Encoder

        self.sha256 = weights_sha256(weights)
        self._encoder = Encoder.from_weights(weights).eval()
        self._encoder.to(device()).to(memory_format=torch.channels_last)

    def features(self, images: np.ndarray, batch_size: int = 250) -> Features:
        """Codes (n, code_size) in the place of pooled features, and no logits."""
        return in_batches(lambda batch: (self._encoder(scaled(batch)), None), images, batch_size)


def load(settings: Settings, weights: Mapping[str, Any] | None = None) -> Coder:
    """The encoder in the last of a run's snapshots, as tensors or arrays.

    weights : ``"{round:08d}/autoencoder/{parameter}"`` -> values.

    Raises
    ------
    MissingWeightsError
        When there are no weights of an autoencoder.
    """
    return Coder(last_weights("autoencoder", PLAYER, weights))
