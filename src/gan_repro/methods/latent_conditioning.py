"""Latent space conditioning: G makes an image that is to x what x's nearest neighbour is.

Nobody tells D the condition f = E(x). It judges pairs of images, stacked on the channel axis, by
which of them a batch holds (arXiv 2012.08803, eqs 2 to 5 with logits d and softplus sp):

    same  [x_i, x_nn(i)]       true:   nn(i) is the nearest by L1 of f inside the batch
    diff  [x_i, x_fn(i)]       false:  fn(i) is the farthest
    adv   [x_i, G(z_i, f_i)]   false

    L_D = lambda_s E[sp(-d(same))] + lambda_d E[sp(d(diff))] + lambda_a E[sp(d(adv))]
    L_G = E[sp(-d(adv))]

Durall et al., VISAPP 2021. A term whose weight is 0 is left out: the prototypes of Table 3.
"""

import torch
from pydantic import Field, model_validator
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms, TermsFunction, Turn
from gan_repro.images import ImageShape
from gan_repro.losses import ADVERSARIAL, AdversarialName
from gan_repro.methods._resnet import SnganSettings
from gan_repro.nets.coded import CodedGenerator
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.resnet import Discriminator, Generator

CITATION = "Durall et al., Latent Space Conditioning on GANs, VISAPP 2021, arXiv 2012.08803"


class Settings(SnganSettings):
    """Weights, loss and pace; the paper names the symbols and prints none of the values.

    discriminator_every : n of Algorithm 2; D learns in rounds divisible by it, G in each.
    """

    adversarial_weight: float = Field(default=0.5, ge=0)  # lambda_a; Reed et al. 2016 halve so
    same_weight: float = Field(default=1.0, ge=0)  # lambda_s
    diff_weight: float = Field(default=0.5, ge=0)  # lambda_d
    discriminator_every: int = Field(default=1, ge=1)
    loss: AdversarialName = "minimax"

    @model_validator(mode="after")
    def _something_to_learn(self) -> "Settings":
        if not any(self.weights().values()):
            raise ValueError("one of adversarial_weight, same_weight, diff_weight must not be 0")
        return self

    def weights(self) -> dict[str, float]:
        """The lambdas by the name of their pair."""
        return {
            "same": self.same_weight,
            "diff": self.diff_weight,
            "adversarial": self.adversarial_weight,
        }


def neighbours(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Each row's nearest other row and its farthest row by L1, int64 (n,) each (Algorithm 1).

    codes : (n, code_size), n at least 2.
    """
    distances = torch.cdist(codes.float(), codes.float(), p=1.0)
    farthest = distances.argmax(dim=1)
    return distances.fill_diagonal_(torch.inf).argmin(dim=1), farthest


def pair(left: Tensor, right: Tensor) -> Tensor:
    """Two images as one: (n, c, h, w) twice -> (n, 2c, h, w)."""
    return torch.cat([left, right], dim=1)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; labels are codes of ``classes`` numbers."""
    loss = ADVERSARIAL[settings.loss]
    weights = {name: weight for name, weight in settings.weights().items() if weight}

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        codes = memory["codes"] = label_vectors(batch.labels, classes)
        fakes = players["generator"](settings.latents(len(codes), draws), codes)
        scores = players["discriminator"](pair(batch.images, fakes))
        return Terms({"adversarial": loss.generator(scores)})

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        images, codes = batch.images, memory["codes"]
        nearest, farthest = neighbours(codes)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(len(images), draws), codes)
        partners = {"same": images[nearest], "diff": images[farthest], "adversarial": fakes}
        pairs = torch.cat([pair(images, partners[name]) for name in weights])
        scores = players["discriminator"](pairs).split(len(images))
        terms = dict(zip(weights, scores, strict=True))
        return Terms(
            {
                name: weights[name] * (loss.true if name == "same" else loss.false)(found)
                for name, found in terms.items()
            },
            {f"{name}_score": found.float().mean() for name, found in terms.items()},
        )

    return game(settings, shape, classes, generator_terms, discriminator_terms)


def game(
    settings: Settings,
    shape: ImageShape,
    code_size: int,
    generator_terms: TermsFunction,
    discriminator_terms: TermsFunction,
) -> Game:
    """Algorithm 2: G learns in every round, and then D in each n-th, on the same batch."""
    generator = Generator(shape, settings.latent_size + code_size, settings.generator_width)
    pairs = shape._replace(channels=2 * shape.channels)
    first, second = frozenset({"generator"}), frozenset({"discriminator"})
    pace = settings.discriminator_every
    return Game(
        players={
            "generator": CodedGenerator(generator, code_size),
            "discriminator": Discriminator(pairs, settings.discriminator_width),
        },
        turns=(
            Turn("generator", first, generator_terms),
            Turn("discriminator", second, discriminator_terms, batch="same", every=pace),
        ),
        optimisers=settings.optimisers(),
        published=("generator",),
        sampler=settings.coded_sampler(),
    )
