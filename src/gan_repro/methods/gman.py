"""GMAN: several discriminators, and a generator that minds the most severe of them most.

With V_i = E[log D_i(x)] + E[log(1 - D_i(G(z)))], each D_i makes its own V_i large, and G makes

    F(V_1, ..., V_N) = sum_i w_i V_i,  w_i = exp(lambda V_i) / sum_j exp(lambda V_j)

small: the mean at lambda 0, the maximum at lambda inf. In GMAN* the generator chooses lambda, too,
and minimises F - c lambda. Durugkar, Gemp and Mahadevan 2017, eqs 3 and 7. The objective is the
minimax one, so a D_i's probabilities are kept in [eps, 1 - eps]. As in iDurugkar/GMAN, GMAN.py,
every D_i has a share of the batch of its own, and G sees the part of V_i that it can change.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from gan_repro.game import Adam, Batch, Clock, Draws, Game, Memory, Players, Terms, Turn
from gan_repro.images import ImageShape
from gan_repro.methods._dcgan import DcganSettings
from gan_repro.nets.dcgan import Discriminator, Generator
from gan_repro.nets.resnet import upsample_steps

CITATION = "Durugkar, Gemp and Mahadevan, Generative Multi-Adversarial Networks, ICLR 2017"
GUESSES = (
    "which variant scored 6.00 on CIFAR-10 is not said; five discriminators and lambda 1 are the "
    "defaults of iDurugkar/GMAN",
    "the paper varies depth and dropout without numbers; keep probabilities are those of GMAN.py "
    "at 4ed8068, and every second discriminator has a convolution less, as in discriminator_old",
    "discriminators have DCGAN's kernels of 5 and batch norm, which the paper says all have; the "
    "code's have kernels of 3 and no batch norm",
    "lambda of GMAN* starts at the fixed one, and stays above 0 as the softplus of a parameter",
)


class Settings(DcganSettings):
    """Settings of GMAN. Names in comments are those of iDurugkar/GMAN, GMAN.py.

    sharpness : lambda; infinity gives GMAN-max.
    learned : whether the generator chooses lambda, beginning with ``sharpness``: GMAN*.
    """

    generator_width: int = Field(default=64, ge=1)  # num_hidden 256 in run_experiments.sh, / 4
    discriminator_width: int = Field(default=64, ge=1)  # models.py, hidden_units 256, / 4
    decay: Literal["none", "linear"] = "none"
    discriminators: int = Field(default=5, ge=1)  # num_disc; N = 2 and 5 in section 4.2
    sharpness: float = Field(default=1.0, ge=0)  # lam
    learned: bool = False
    regulation: float = Field(default=0.001, ge=0)  # c, section 3.4
    margin: float = Field(default=0.01, ge=0, lt=0.5)  # eps, helper.py, sigmoid
    least_kept: float = Field(default=0.4, gt=0, le=1)  # base_prob
    most_kept: float = Field(default=0.99, gt=0, le=1)  # base_prob + N delta_p

    @model_validator(mode="after")
    def _lambda_can_be_learned(self) -> "Settings":
        if self.learned and not 0 < self.sharpness < math.inf:
            raise ValueError("sharpness: a learned lambda starts between 0 and infinity")
        return self

    def optimisers(self) -> dict[str, Adam]:
        """Adam for ``generator``, ``discriminators`` and, where it is learned, ``sharpness``."""
        adam = super().optimisers()
        chosen = {"sharpness": adam["generator"]} if self.learned else {}
        return {"generator": adam["generator"], "discriminators": adam["discriminator"], **chosen}


class Discriminators(nn.Module):
    """N discriminators of different dropout and depth, each with its own share of the images."""

    def __init__(self, shape: ImageShape, settings: Settings) -> None:
        super().__init__()
        count, steps = settings.discriminators, upsample_steps(shape)
        step = (settings.most_kept - settings.least_kept) / count
        self.judges = nn.ModuleList(
            Discriminator(
                shape,
                settings.discriminator_width,
                dropout=1.0 - settings.least_kept - step * (number + 1),
                depth=max(1, steps - number % 2),
            )
            for number in range(count)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """images : (n, channels, h, w), n at least N -> the scores of each for its share."""
        count = len(self.judges)
        return [judge(images[first::count]) for first, judge in enumerate(self.judges)]


class Sharpness(nn.Module):
    """A lambda that learns, above 0."""

    def __init__(self, first: float) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.tensor(math.log(math.expm1(first))))

    def forward(self) -> Tensor:
        """lambda, ()."""
        return F.softplus(self.raw)


def log_probability(scores: Tensor, margin: float) -> Tensor:
    """log D of scores (n,), with D = eps + (1 - 2 eps) sigmoid(s); log(1 - D) is that of -s."""
    return torch.log(margin + (1.0 - 2.0 * margin) * torch.sigmoid(scores.float()))


def weights(values: Tensor, sharpness: Tensor | float) -> Tensor:
    """w of values V (N,): their softmax times lambda, or 1 for the largest at lambda inf.

    sharpness : lambda; a number where it is fixed, as a learned one is never infinite.
    """
    if isinstance(sharpness, float) and math.isinf(sharpness):
        return F.one_hot(values.argmax(), len(values)).to(values.dtype)
    return torch.softmax(sharpness * values, dim=0)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminators``; ``classes`` plays no part."""

    def log_d(scores: Tensor) -> Tensor:
        return log_probability(scores, settings.margin).mean()

    def discriminators_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(count, draws))
        real = [-log_d(scores) for scores in players["discriminators"](batch.images)]
        fake = [-log_d(-scores) for scores in players["discriminators"](fakes)]
        return Terms({"real": torch.stack(real).sum(), "fake": torch.stack(fake).sum()})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        fakes = players["generator"](settings.latents(memory["count"], draws))
        values = torch.stack([log_d(-scores) for scores in players["discriminators"](fakes)])
        learned = players["sharpness"]() if settings.learned else None
        mixed = weights(values, settings.sharpness if learned is None else learned)
        losses = {"adversarial": (mixed * values).sum()}
        observed = {"largest_weight": mixed.max()}
        if learned is not None:
            losses["regulation"] = -settings.regulation * learned
            observed["sharpness"] = learned
        return Terms(losses, observed)

    players: dict[str, nn.Module] = {
        "generator": Generator(shape, settings.latent_size, settings.generator_width),
        "discriminators": Discriminators(shape, settings),
    }
    if settings.learned:
        players["sharpness"] = Sharpness(settings.sharpness)
    movers = frozenset(players) - {"discriminators"}
    return Game(
        players=players,
        turns=(
            Turn("discriminators", frozenset({"discriminators"}), discriminators_terms),
            Turn("generator", movers, generator_terms, batch="none"),
        ),
        optimisers=settings.optimisers(),
        published=("generator",),
        sampler=settings.sampler(),
    )
