"""A tiny generator that was trained on codes of real digits, and what it is looked at with."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import tiny_runs as tiny
from gan_repro.datasets import digits
from gan_repro.evaluation import measure
from gan_repro.images import ImageSet
from gan_repro.measuring import Reference
from gan_repro.nets.classifier import Classifier

ENCODER = "alexnet_untrained_pool5_64_flat"
LABELS = {"kind": "features", "settings": {"extractor": ENCODER, "code_size": 256}}


@cache
def held_out() -> ImageSet:
    """The first 90 test digits."""
    return digits.read(Path(), "test").first(90)


def run(**changes: Any) -> dict[str, Any]:
    """Four rounds of latent_conditioning."""
    key = "tests.codes.alexnet.seed0"
    return tiny.run("latent_conditioning", key=key, labels=LABELS, **changes)


@cache
def codes() -> Reference:
    """The test digits as the encoder sees them."""
    return measure(held_out(), ENCODER, "digits", "test")


@cache
def classifier(seed: int = 0) -> Reference:
    """The test digits as an untrained classifier sees them; its weights come from the seed."""
    torch.manual_seed(seed)
    network = Classifier(1, 10, 8)
    weights = {f"00000001/classifier/{k}": v for k, v in network.state_dict().items()}
    return measure(held_out(), "classifier", "digits", "test", weights)


@cache
def snapshots() -> dict[str, Tensor]:
    """What the run leaves."""
    images = tiny.digits()
    labels = measure(images, ENCODER, "digits", "train").features.pooled
    with tempfile.TemporaryDirectory() as root:
        kept, _, _ = tiny.trained(run(), Path(root), labels)
    return kept
