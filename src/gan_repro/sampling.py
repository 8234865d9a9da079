"""From a snapshot to images: seeded, and the same images whatever the batch size."""

import numpy as np
import torch

from gan_repro import snapshots as snapshots_of
from gan_repro.errors import EvaluationError
from gan_repro.game import Game
from gan_repro.images import ImageSet, ImageShape, pixel_scaling
from gan_repro.kinds import find
from gan_repro.randomness import torch_generator
from gan_repro.runs import RunSpec
from gan_repro.snapshots import Snapshots


def build(run: RunSpec, shape: ImageShape, classes: int) -> Game:
    """The game of a run, with fresh weights from PyTorch's global generator."""
    game: Game = find("methods", run.method["kind"]).build(run.settings(), shape, classes)
    return game


@torch.inference_mode()
def sample(
    run: RunSpec,
    snapshots: Snapshots,
    round_number: int,
    shape: ImageShape,
    classes: int,
    count: int,
    seed: int = 0,
    batch_size: int = 250,
    averaged: bool = False,
) -> ImageSet:
    """Draw ``count`` images from the generator as it was after ``round_number`` rounds.

    Batch norm uses its running statistics, so that an image depends on its own latent alone; all
    latents are drawn before the first image, so that the batch size changes nothing.

    Returns
    -------
    ImageSet
        uint8 images (count, *shape). Labels: the class asked for (conditional methods), the soft
        label generated (joint ones), or zeros with ``classes`` 1 (methods without labels).
    """
    with torch.random.fork_rng(devices=[]):
        game = build(run, shape, classes)
    if game.sampler is None:
        raise EvaluationError(f"{run.key}: method {run.method['kind']!r} makes no images to sample")
    snapshots_of.load(game, snapshots, round_number, averaged)
    for player in game.published:
        game.players[player].eval()
    draws = {name: torch_generator(seed, f"sampling/{name}") for name in game.streams}
    inputs = game.sampler.draw(count, draws)
    inverse = pixel_scaling(run.pixels).inverse
    images, labels = [], []
    for start in range(0, count, batch_size):
        rows = {name: value[start : start + batch_size] for name, value in inputs.items()}
        made = game.sampler.generate(game.players, rows)
        images.append(inverse(made.images).numpy())
        if made.labels is not None:
            labels.append(made.labels.numpy())
    if not labels:
        return ImageSet(np.concatenate(images), np.zeros(count, np.int64), 1)
    return ImageSet(np.concatenate(images), np.concatenate(labels), classes)
