"""RotNet: a network that learns to say by how much an image was turned; no labels are used.

The features of its second block are our choice for Durall et al.'s encoder of CIFAR-10 (arXiv
2012.08803), which is only said to be "inspired by" RotNet.
"""

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from gan_repro.errors import ConfigurationError
from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._alone import AloneSettings
from gan_repro.nets.nin import NetworkInNetwork

CITATION = (
    "Gidaris, Singh and Komodakis, Unsupervised Representation Learning by Predicting Image "
    "Rotations, ICLR 2018, arXiv 1803.07728"
)
NAME = "rotnet"
ROTATIONS = 4
"""0, 90, 180 and 270 degrees: Gidaris et al., Choosing geometric transformations."""


class Settings(AloneSettings):
    """width : channels of the network's blocks; 192 in the paper's code. The paper takes SGD."""

    width: int = Field(default=192, ge=1)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of a network that learns alone; ``classes`` is not used.

    Raises
    ------
    ConfigurationError
        When images are not square: a quarter turn would show in their shape.
    """
    if shape.height != shape.width:
        raise ConfigurationError(
            f"methods.rotnet: images of {shape.height} x {shape.width} pixels cannot be turned by "
            "90 degrees and keep their shape; expected square ones. Take a data set of square "
            "images, or the method autoencoder."
        )
    network = NetworkInNetwork(shape.channels, ROTATIONS, settings.width)
    return settings.game(NAME, network, rotation)


def rotation(
    players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
) -> Terms:
    """Mean of -log p(turn) over every image in its four turns; observed: the share told right."""
    assert batch is not None
    images, turns = turned(batch.images)
    logits = players[NAME](images)
    right = (logits.argmax(dim=1) == turns).float().mean()
    return Terms({"cross_entropy": F.cross_entropy(logits.float(), turns)}, {"accuracy": right})


def turned(images: Tensor) -> tuple[Tensor, Tensor]:
    """Square images (n, c, s, s) in all turns, (4 n, c, s, s), and the quarter turns, int64 (4 n,).

    All four copies are in one batch: Gidaris et al., CIFAR experiments, implementation details.
    """
    copies = [images.rot90(turn, dims=(2, 3)) for turn in range(ROTATIONS)]
    turns = torch.arange(ROTATIONS, device=images.device).repeat_interleave(len(images))
    return torch.cat(copies), turns
