"""How a generator's batch norms normalise while samples are drawn.

Evaluators differ: running statistics (most), standing ones, collected anew from many samples just
before (StudioGAN, ``--standing_statistics``), and those of each batch (BigGAN-PyTorch's default).
"""

from math import lcm
from typing import Literal, NamedTuple

from pydantic import Field

from gan_repro.kinds import Spec

SMALLEST = 16
"""Rows that a generator sees at least: smaller matrix products are summed in another order."""


class Normalisation(NamedTuple):
    """What sampling is told.

    statistics : ``running``, ``standing`` or ``batch``.
    batch_size : images of a batch whose statistics count; 0 where running ones do.
    batches : how many of them standing statistics are the mean of.
    """

    statistics: str = "running"
    batch_size: int = 0
    batches: int = 0

    def whole(self, count: int, batch_size: int) -> tuple[int, int]:
        """How many samples must be made for ``count`` of them, and how many at a time.

        >>> Normalisation("batch", batch_size=50).whole(60, 250)
        (400, 50)
        """
        if self.statistics != "batch":
            return count, batch_size
        # a multiple of both, so that the first samples are the same however many follow
        together = lcm(self.batch_size, SMALLEST)
        return -(-count // together) * together, self.batch_size


class StandingStatistics(Spec):
    """Running statistics are forgotten and become the mean over ``batches`` batches of samples.

    An image still depends on its own latent alone. Seeds, as those of samples, give the batches.
    """

    statistics: Literal["standing"]
    batches: int = Field(ge=1)
    batch_size: int = Field(ge=SMALLEST)


class BatchStatistics(Spec):
    """Each batch of ``batch_size`` samples is normalised with its own mean and variance."""

    statistics: Literal["batch"]
    batch_size: int = Field(ge=SMALLEST)


BatchNormChoice = Literal["running"] | StandingStatistics | BatchStatistics
"""As protocols write it."""


def of(choice: BatchNormChoice) -> Normalisation:
    """What a protocol's entry says to sampling.

    >>> of(BatchStatistics(statistics="batch", batch_size=50))
    Normalisation(statistics='batch', batch_size=50, batches=0)
    """
    return Normalisation() if isinstance(choice, str) else Normalisation(**choice.model_dump())
