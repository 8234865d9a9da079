"""The Inception-v3 of 2015-12-05 that Inception Score and FID are defined with.

torch-fidelity's conversion of the TensorFlow graph: 2,048 pooled features, and 1,008 logits without
the bias, as the original Inception Score code has them (improved-gan inception_score/model.py).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

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
VARIABLE = "GAN_REPRO_INCEPTION"
FILE = "weights-inception-2015-12-05-6726825d.pth"
ADDRESS = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"
SIDE = 299
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class Settings(Spec):
    """Nothing can be chosen."""


def network_input(settings: Settings) -> Input:
    """TensorFlow 1's bilinear resize, without antialiasing, inside the graph."""
    return Input(size=SIDE, resize="bilinear_tensorflow1")


class Inception:
    """The loaded network."""

    def __init__(self, path: Path):
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        self.sha256 = SHA256
        self._network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048", "logits_unbiased"], str(path)
        ).to(device())

    def features(self, images: np.ndarray, batch_size: int | None = None) -> Features:
        """Pooled features (n, 2048) and bias-free logits (n, 1008)."""
        return in_batches(
            lambda b: self._network(three_channels(b)), images, batch_size or fitting(SIDE)
        )


def load(settings: Settings, weights: "Mapping[str, Tensor] | None" = None) -> Inception:
    """The network with the weights found by ``weights_file``; ``weights`` is not used."""
    return Inception(weights_file())


def weights_file() -> Path:
    """The checked weights: where GAN_REPRO_INCEPTION points (file or folder), else torch's cache.

    Raises
    ------
    MissingWeightsError
        When there is no such file, or another file lies there.
    """
    path = Path(os.environ.get(VARIABLE) or _cached()).expanduser()
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise MissingWeightsError(f"inception2015: there are no weights at {path}. {_advice()}")
    found = file_sha256(path)
    if found != SHA256:
        raise MissingWeightsError(
            f"inception2015: {path} is another file, or incomplete: its sha256 is {found}, "
            f"expected {SHA256}. {_advice()}"
        )
    return path


def _cached() -> Path:
    """Where torch-fidelity's own download would put the file."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def _advice() -> str:
    return f"Fetch {ADDRESS} (96 MB) and put it at {_cached()}, or set {VARIABLE} to its path."
