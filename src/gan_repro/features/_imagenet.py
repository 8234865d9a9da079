"""The Inception-v3 of 2015 as a classifier of ImageNet's 1,000 classes, sorted by WordNet id.

Its 1,008 outputs come in an order of their own, in which 0 and those after 1,000 stand for nothing;
the list that its authors publish with it says which output is which WordNet id. Image folders are
sorted by these ids.
"""

import re
from pathlib import Path

import numpy as np

from gan_repro.errors import MissingWeightsError
from gan_repro.features._batches import device, fitting, in_batches, three_channels
from gan_repro.features.inception2015 import SIDE, network_input, weights_file
from gan_repro.measuring import Features, file_sha256

__all__ = ["Sorted", "network_input", "outputs_of", "weights_file"]

LIST = "imagenet_2012_challenge_label_map_proto.pbtxt"
CLASSES = 1000
ARCHIVE = "http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz"


def outputs_of(path: Path) -> np.ndarray:
    """The network's output of each class, int64 (1000,), classes sorted by WordNet id.

    Raises
    ------
    MissingWeightsError
        When there is no list at ``path``, or not one of 1,000 classes.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    pattern = r'target_class:\s*(\d+)\s+target_class_string:\s*"(n\d{8})"'
    named = {wordnet: int(output) for output, wordnet in re.findall(pattern, text)}
    if len(named) != CLASSES or len(set(named.values())) != CLASSES:
        raise MissingWeightsError(
            f"inception2015: {path} names {len(named)} classes, expected ImageNet's {CLASSES}. It "
            f"tells which output of the network is which class. Take it out of {ARCHIVE} and put "
            "it beside the weights."
        )
    return np.array([named[wordnet] for wordnet in sorted(named)])


class Sorted:
    """Logits, with their bias, of ImageNet's classes in the order of their WordNet ids."""

    def __init__(self, weights: Path) -> None:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        self._outputs = outputs_of(weights.with_name(LIST))
        self._network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048", "logits"], str(weights)
        ).to(device())
        self.sha256 = file_sha256(weights)

    def features(self, images: np.ndarray, batch_size: int | None = None) -> Features:
        """Pooled features (n, 2048) and logits (n, 1000)."""
        found = in_batches(
            lambda b: self._network(three_channels(b)), images, batch_size or fitting(SIDE)
        )
        return Features(found.pooled, found.class_logits()[:, self._outputs])
