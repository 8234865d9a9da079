"""torchvision's AlexNet as it is born: convolutions that never saw an image.

Durall et al. (arXiv 2012.08803), experiments on MNIST, condition on such features; they say neither
which layer nor which input size, so both stand in the extractor's name.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from gan_repro.features._batches import device, in_batches, three_channels
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Input, weights_sha256

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSIFIES = False
TRAINED_HERE = False
SEES_LABELS = "none"
LAYERS = {
    # how many of torchvision's modules come before it ends, and the least side that it can see
    "conv1": (2, 7),
    "pool1": (3, 15),
    "conv2": (5, 15),
    "pool2": (6, 31),
    "conv3": (8, 31),
    "conv4": (10, 31),
    "conv5": (12, 31),
    "pool5": (13, 63),
}
"""The layers after their ReLU or max-pooling, as in ``torchvision.models.AlexNet.features``."""
NAME = re.compile(
    r"(?P<layer>[a-z]+\d)_(?P<input_size>\d+)_(?P<pooling>[a-z]+)(_seed(?P<seed>\d+))?"
)
# torchvision's normalisation of ImageNet photographs, for pixels in [0, 1]
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Settings(Spec):
    """layer : where the features are taken: ``conv1`` to ``conv5`` after ReLU, or a ``pool``.

    input_size : the side that images are resized to.
    pooling : ``mean`` over all places, one number a channel, or ``flat``, every number.
    seed : PyTorch's, before the network is made.
    """

    layer: Literal["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"] = "pool5"
    input_size: int = 64
    pooling: Literal["mean", "flat"] = "flat"
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _layer_sees_something(self) -> "Settings":
        least = LAYERS[self.layer][1]
        if self.input_size < least:
            raise ValueError(
                f"input_size: {self.layer} needs images of at least {least} pixels a side, got "
                f"{self.input_size}. Take a larger size, or an earlier layer"
            )
        return self


def named(rest: str) -> dict[str, Any]:
    """Settings of ``conv5_224_flat`` or ``conv5_224_flat_seed3``; ValueError for other names."""
    found = NAME.fullmatch(rest)
    if found is None:
        raise ValueError(
            "behind its kind, LAYER_SIZE_POOLING or LAYER_SIZE_POOLING_seedNUMBER is expected, for "
            f"example conv5_224_flat or pool5_64_mean_seed3, got {rest!r}."
        )
    return {name: value for name, value in found.groupdict().items() if value is not None}


def network_input(settings: Settings) -> Input:
    """Antialiased bilinear resize; antialiasing matters only for images larger than the input."""
    return Input(size=settings.input_size, resize="bilinear_antialiased")


class Untrained:
    """The network up to the chosen layer."""

    def __init__(self, settings: Settings):
        self._settings = settings
        network = _born(settings.seed)[: LAYERS[settings.layer][0]]
        self.sha256 = weights_sha256(network.state_dict())
        self._network = network.eval().to(device())

    def features(self, images: np.ndarray, batch_size: int = 50) -> Features:
        """Pooled features (n, channels) or flat ones (n, channels * height * width); no logits."""
        return in_batches(lambda batch: (self._forward(batch), None), images, batch_size)

    def _forward(self, images: "Tensor") -> "Tensor":
        """uint8 images: grey thrice, [0, 1], resized, then normalised as ImageNet photographs."""
        from torch.nn.functional import interpolate

        side = self._settings.input_size
        unit = three_channels(images).float() / 255.0
        resized = interpolate(unit, size=(side, side), mode="bilinear", antialias=True)
        mean, deviation = (resized.new_tensor(v).view(-1, 1, 1) for v in (MEAN, DEVIATION))
        found: Tensor = self._network((resized - mean) / deviation)
        return found.mean(dim=(2, 3)) if self._settings.pooling == "mean" else found.flatten(1)


def load(settings: Settings, weights: "Mapping[str, Tensor] | None" = None) -> Untrained:
    """The network with the seed's own weights; ``weights`` is not used."""
    return Untrained(settings)


def _born(seed: int) -> "nn.Sequential":
    """The convolutions of ``torch.manual_seed(seed); torchvision.models.alexnet()``.

    PyTorch's global generator is left as it was.
    """
    import torch
    from torchvision.models import alexnet

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        convolutions: nn.Sequential = alexnet(weights=None).features
    return convolutions
