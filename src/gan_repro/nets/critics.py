"""WGAN-GP's critics: the ResNet discriminator without normalisation, with *mean* pooling.

Gulrajani et al. 2017; improved_wgan_training gan_cifar_resnet.py, Discriminator. Its blocks,
initial weights and sizes are those of nets/resnet.py; its last layers have biases.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.resnet import Trunk, glorot


def _as_it_is(layer: nn.Module) -> nn.Module:
    return layer


class MeanTrunk(Trunk):
    """Two blocks that halve, two that don't, ReLU, global *mean*; no norm of any kind."""

    def __init__(self, shape: ImageShape, width: int) -> None:
        super().__init__(shape, width, wrap=_as_it_is)

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) in [-1, 1] -> features (n, width)."""
        return F.relu(self.blocks(images)).mean(dim=(2, 3))


class Critic(nn.Module):
    """w^T phi(x) + b."""

    def __init__(self, shape: ImageShape, width: int) -> None:
        super().__init__()
        self.trunk = MeanTrunk(shape, width)
        self.dense = glorot(nn.Linear(width, 1))

    def forward(self, images: Tensor) -> Tensor:
        """images : (n, channels, h, w) -> scores (n,)."""
        return self.dense(self.trunk(images)).squeeze(1)


class ClassifyingCritic(nn.Module):
    """The same trunk with two heads: the score, and class logits (AC-GAN on this trunk)."""

    def __init__(self, shape: ImageShape, width: int, classes: int) -> None:
        super().__init__()
        self.trunk = MeanTrunk(shape, width)
        self.dense = glorot(nn.Linear(width, 1))
        self.classify = glorot(nn.Linear(width, classes))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images : (n, channels, h, w) -> scores (n,) and class logits (n, classes)."""
        features = self.trunk(images)
        return self.dense(features).squeeze(1), self.classify(features)
