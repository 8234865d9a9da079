"""Top-k training: how many of a batch's generated images the generator learns from.

k = max(gamma^e, nu) B after e of the run's epochs, rounded down. Sinha et al. 2020 (arXiv
2002.06224); the rule as StudioGAN has it (src/utils/losses.py, ``adjust_k``).
"""

import torch
from pydantic import Field
from torch import Tensor

from gan_repro.game import Clock
from gan_repro.methods._biggan_settings import BigganSettings


class TopkSettings(BigganSettings):
    """BigGAN's settings, and how k falls.

    gamma : by which k is multiplied after each epoch.
    least_share : nu, the share of the batch below which k does not fall.
    epochs : into how many epochs a run is divided for this, whatever its length: those of BigGAN's
        whole run, so that k falls at the same shares of a short one.
    """

    gamma: float = Field(default=0.99, gt=0, le=1)
    least_share: float = Field(default=0.5, gt=0, le=1)  # nu
    epochs: int = Field(default=500, ge=1)

    def kept(self, count: int, clock: Clock) -> int:
        """k for a batch of ``count`` images, at least 1.

        >>> [TopkSettings().kept(50, Clock(epoch * 250, 125_000)) for epoch in (0, 1, 20, 100)]
        [50, 49, 40, 25]
        """
        epoch = clock.round * self.epochs // clock.total
        return max(1, int(count * max(self.gamma**epoch, self.least_share)))


def best(scores: Tensor, kept: int) -> Tensor:
    """The ``kept`` largest of scores (n,)."""
    return torch.topk(scores, kept).values
