"""What extractors share that the suite trains on the data set itself."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.errors import MissingWeightsError
from gan_repro.features._batches import device, in_batches
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Input, weights_sha256

if TYPE_CHECKING:
    from torch import Tensor, nn

    Network = Callable[[Mapping[str, Tensor]], nn.Module]
    Load = Callable[..., "Trained"]
    Scale = Callable[[Tensor], Tensor]

CLASSIFIER = "classifier"
"""The player of ``methods/classifier.py``, whatever labels it was trained with."""


class Trained:
    """A loaded network.

    network : scaled images -> pooled features, or pooled features and logits.
    weights : of the whole player, of which the network may be a part; the hash is theirs.
    scale : uint8 pixels to what the network was trained on.
    """

    def __init__(self, network: "nn.Module", weights: Mapping[str, "Tensor"], scale: "Scale"):
        import torch

        self._scale = scale
        self.sha256 = weights_sha256(weights)
        self._network = network.eval().to(device()).to(memory_format=torch.channels_last)

    def features(self, images: np.ndarray, batch_size: int = 250) -> Features:
        """Pooled features (n, d), and logits (n, classes) where the network classifies."""
        return in_batches(self._forward, images, batch_size)

    def _forward(self, images: "Tensor") -> "tuple[Tensor, Tensor | None]":
        found = self._network(self._scale(images))
        return found if isinstance(found, tuple) else (found, None)


def classifier(weights: Mapping[str, "Tensor"]) -> "nn.Module":
    """The network of ``methods/classifier.py``: 4 width pooled features, and logits."""
    from gan_repro.nets.classifier import Classifier

    return Classifier.from_weights(weights)


def scaled(images: "Tensor") -> "Tensor":
    """uint8 pixels to [-1, 1]: the middle of what the training's dequantisation adds, no noise."""
    return (images.float() + 0.5) / 128.0 - 1.0


def unit(images: "Tensor") -> "Tensor":
    """uint8 pixels to [0, 1], for runs with pixels ``unit``."""
    return images.float() / 255.0


def loader(extractor: str, player: str, network: "Network", scale: "Scale" = scaled) -> "Load":
    """The function ``load`` of an extractor: a network with a player's last weights.

    network : parameter -> values becomes the network that they fit, with them.
    """

    def load(settings: Spec, weights: Mapping[str, Any] | None = None) -> Trained:
        """The player in the last of a run's snapshots; MissingWeightsError without it.

        weights : ``"{round:08d}/{player}/{parameter}"`` -> tensor or array.
        """
        own = last_weights(extractor, player, weights)
        return Trained(network(own), own, scale)

    return load


def as_they_are(settings: Spec) -> Input:
    """Images as they are, of the size that the network was trained at."""
    return Input(size=None, resize="none")


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
