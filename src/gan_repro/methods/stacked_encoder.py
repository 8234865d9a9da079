"""Stacked GAN's encoder: a small classifier of a data set's own images; one player, cross-entropy.

Huang et al. 2017 (arXiv 1612.04357), section 4.1. How it was trained is not said (weights are in
the authors' repository, without a script): Adam at 1e-3 is ours. Without labels it learns to tell
by how much an image was turned, for the label-free form that section 3.2 leaves to future work.
"""

from functools import partial

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Intermission, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import class_cross_entropy
from gan_repro.methods._alone import AloneSettings
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.stacked_encoder import Encoder

CITATION = "Huang et al., Stacked Generative Adversarial Networks, CVPR 2017, arXiv 1612.04357"
NAME = "stacked_encoder"
TURNS = 4


class Settings(AloneSettings):
    """widths : channels of both convolutions, 64 and 128 for CIFAR-10, 32 and 32 for MNIST.

    flip : whether images are mirrored at random; section 4.1 says so of CIFAR-10 alone.
    subtract_mean : whether the training mean of each pixel is subtracted, as CIFAR-10's code does.
    labelled : without, quarter turns are what it learns to tell, and no label is used.
    """

    widths: tuple[int, int] = (64, 128)
    top: int = Field(default=256, ge=1)
    flip: bool = True
    subtract_mean: bool = True
    labelled: bool = True
    learning_rate: float = Field(default=1e-3, gt=0)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of an encoder that learns alone; images in [0, 1] (pixels ``unit``)."""
    outputs = classes if settings.labelled else TURNS
    network = Encoder(shape, outputs, settings.widths, settings.top)
    terms = partial(classification, settings, outputs)
    game = settings.game(NAME, network, terms, settings.labelled, streams=("flips",))
    game.between_rounds = subtract_mean if settings.subtract_mean else None
    return game


def classification(
    settings: Settings, outputs: int, players: Players, batch: Batch | None, draws: Draws,
    clock: Clock, memory: Memory,
) -> Terms:  # fmt: skip
    """Mean cross-entropy, with the labels given or with quarter turns; observed: the accuracy."""
    assert batch is not None
    images = flipped(batch.images, draws) if settings.flip else batch.images
    if settings.labelled:
        rows = label_vectors(batch.labels, outputs)
    else:
        images, rows = turned(images)
    _, logits = players[NAME](images)
    right = logits.argmax(dim=1) == rows.argmax(dim=1)
    return Terms(
        {"cross_entropy": class_cross_entropy(logits, rows)}, {"accuracy": right.float().mean()}
    )


def flipped(images: Tensor, draws: Draws) -> Tensor:
    """Each image mirrored with probability 1/2."""
    stream = draws["flips"]
    coin = torch.rand(len(images), 1, 1, 1, generator=stream, device=stream.device) < 0.5
    return torch.where(coin, images.flip(3), images)


def turned(images: Tensor) -> tuple[Tensor, Tensor]:
    """Square images, a quarter of them turned by each quarter turn, and the turns as rows."""
    turns = torch.arange(len(images), device=images.device) % TURNS
    parts = torch.stack([images.rot90(k, dims=(2, 3)) for k in range(TURNS)])
    return parts[turns, torch.arange(len(images))], F.one_hot(turns, TURNS).float()


def subtract_mean(game: Game, between: Intermission) -> None:
    """After the first round, once: the mean of each pixel over the data becomes a buffer."""
    if between.clock.round:
        return
    encoder = game.players[NAME]
    assert isinstance(encoder, Encoder)
    total, count = torch.zeros_like(encoder.mean), 0
    for images in between.images():
        total, count = total + images.sum(dim=0), count + len(images)
    encoder.mean.copy_(total / count)
