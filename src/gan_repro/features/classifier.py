"""A classifier that the suite trained on the data set itself; its own accuracy is a score."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.errors import MissingWeightsError
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Input, device, in_batches, weights_sha256

if TYPE_CHECKING:
    from torch import Tensor

CLASSIFIES = True
TRAINED_HERE = True
PLAYER = "classifier"


class Settings(Spec):
    """Nothing can be chosen: the width, the classes and the channels are the weights' own."""


def network_input(settings: Settings) -> Input:
    """Images as they are."""
    return Input(size=None, resize="none")


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
        # the middle of what the training's dequantisation adds to a pixel, without its noise
        return in_batches(
            lambda b: self._network((b.float() + 0.5) / 128.0 - 1.0), images, batch_size
        )


def load(settings: Settings, weights: Mapping[str, Any] | None = None) -> Classifier:
    """The classifier in the last of a run's snapshots, as tensors or arrays.

    weights : ``"{round:08d}/classifier/{parameter}"`` -> values.

    Raises
    ------
    MissingWeightsError
        When there are no weights of a classifier.
    """
    import torch

    return Classifier({name: torch.as_tensor(v) for name, v in last_weights(weights or {}).items()})


def last_weights(snapshots: Mapping[str, Any]) -> dict[str, Any]:
    """Parameter -> values of the classifier in the last snapshot."""
    ours = sorted(key for key in snapshots if key.split("/")[1:2] == [PLAYER])
    if not ours:
        raise MissingWeightsError(
            "classifier: features of a data set's own classifier were asked for, but no weights "
            "were given. Run its training first: kedro run --pipelines reference"
        )
    head = ours[-1].split("/")[0] + f"/{PLAYER}/"
    return {key.removeprefix(head): snapshots[key] for key in ours if key.startswith(head)}
