"""What extractors share that the suite trains on the data set itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.errors import MissingWeightsError
from gan_repro.measuring import Features, device, in_batches, weights_sha256

if TYPE_CHECKING:
    from torch import Tensor

CLASSIFIER = "classifier"
"""The player of ``methods/classifier.py``, whatever share of the labels it was trained with."""


class Classifier:
    """The loaded network."""

    def __init__(self, weights: Mapping[str, "Tensor"]):
        import torch

        from gan_repro.nets.classifier import Classifier as Network

        self.sha256 = weights_sha256(weights)
        self._network = Network.from_weights(weights).eval()
        self._network.to(device()).to(memory_format=torch.channels_last)

    def features(self, images: np.ndarray, batch_size: int = 250) -> Features:
        """Pooled features (n, 4 width) and logits (n, classes)."""
        return in_batches(lambda batch: self._network(scaled(batch)), images, batch_size)


def scaled(images: "Tensor") -> "Tensor":
    """uint8 pixels to [-1, 1]: the middle of what the training's dequantisation adds, no noise."""
    return (images.float() + 0.5) / 128.0 - 1.0


def last_weights(
    extractor: str, player: str, snapshots: Mapping[str, Any] | None
) -> "dict[str, Tensor]":
    """Parameter -> values of the player in the last of a run's snapshots.

    snapshots : ``"{round:08d}/{player}/{parameter}"`` -> tensor or array.

    Raises
    ------
    MissingWeightsError
        When there are no weights of that player.
    """
    import torch

    given = snapshots or {}
    ours = sorted(key for key in given if key.split("/")[1:2] == [player])
    if not ours:
        raise MissingWeightsError(
            f"{extractor}: features of a network trained on the data set itself were asked for, "
            f"but no weights of a {player} were given. Run its training first: "
            "kedro run --pipelines reference"
        )
    head = ours[-1].split("/")[0] + f"/{player}/"
    return {k.removeprefix(head): torch.as_tensor(given[k]) for k in ours if k.startswith(head)}
