"""Consistency regularisation: CR, bCR, zCR, their sum ICR, and Top-k ICR.

L_D = BigGAN's + l_real E[(D(x) - D(T(x)))^2] + l_fake E[(D(G(z)) - D(T(G(z))))^2]     (CR, bCR)
      + l_dis E[(D(G(z)) - D(G(z')))^2],  z' = z + sigma N(0, I)                       (zCR)
L_G = BigGAN's - l_gen E[(G(z) - G(z'))^2]                                             (zCR)

with the image's label, and the same class for z and z'. A weight of 0 switches its part off: CR has
the first alone, bCR the first two, zCR the last two, ICR all. ``top_k`` makes Top-k ICR of it.
Zhang et al. 2020 (arXiv 1910.12027) for CR; Zhao et al. 2021 (arXiv 2002.04724) for the others.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from gan_repro.augmentation import AugmentationName, augment
from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._biggan import Biggan, Made
from gan_repro.methods._topk import TopkSettings, best
from gan_repro.nets.biggan import Discriminator

CITATION = (
    "Zhao, Singh, Lee, Zhang, Odena and Zhang, Improved Consistency Regularization for GANs, "
    "AAAI 2021"
)
GUESSES = (
    "weights and sigma are those of StudioGAN, configs/CIFAR10/BigGAN-ICR.yaml; other "
    "re-implementations have sigma .03 and a weight of 5 on zCR's part in D",
    "the mean is over all of an image's numbers in zCR's part in G, as there",
    "gamma and nu of Top-k ICR are those of topk_gan",
)


class Settings(TopkSettings):
    """Weights of the parts; the defaults are ICR's.

    real_weight, fake_weight : of consistency on real and on generated images, 10 and 0 for CR.
    near_weight : l_dis, in D, of consistency between nearby latents.
    spread_weight : l_gen, in G, which moves images of nearby latents apart.
    radius : sigma, by how much nearby latents differ.
    augmentations : T. Mirrored digits are other digits: leave ``flip`` out there.
    top_k : whether the generator learns from its best images alone, see ``_topk``.
    """

    real_weight: float = Field(default=10.0, ge=0)  # real_lambda
    fake_weight: float = Field(default=10.0, ge=0)  # fake_lambda
    near_weight: float = Field(default=20.0, ge=0)  # d_lambda
    spread_weight: float = Field(default=0.5, ge=0)  # g_lambda
    radius: float = Field(default=0.05, gt=0)
    augmentations: tuple[AugmentationName, ...] = ("flip", "shift")  # src/utils/cr.py
    top_k: bool = False


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; fake labels are drawn evenly."""
    frame = Biggan(settings, shape, classes if settings.conditional else 0)
    terms = _Terms(settings, frame)
    discriminator = Discriminator(frame.trunk(), frame.label_size)
    game = frame.game(discriminator, terms.discriminator_terms, terms.generator_terms)
    game.streams = (*game.streams, "perturbation")
    return game


@dataclass(frozen=True)
class _Terms:
    """The terms of both turns."""

    settings: Settings
    frame: Biggan

    def discriminator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """BigGAN's terms, and a consistency term for each weight that is not 0."""
        settings, stream, loss = self.settings, draws["augmentation"], self.frame.loss
        real, labels, fake = self.frame.see(players, batch, draws, memory)
        pairs = {"real": (real, labels), "fake": (fake.images, fake.labels)}
        others: dict[str, tuple[str, float]] = {}  # term -> the pair it stays near, and its weight
        for name, weight in (("real", settings.real_weight), ("fake", settings.fake_weight)):
            if weight:
                images, rows = pairs[name]
                pairs[f"{name}_consistency"] = (
                    augment(images, settings.augmentations, stream), rows,
                )  # fmt: skip
                others[f"{name}_consistency"] = (name, weight)
        if settings.near_weight:
            with torch.no_grad():
                near = self.nearby(players, fake, draws)
            pairs["latent_consistency"] = (near.images, near.labels)
            others["latent_consistency"] = ("fake", settings.near_weight)
        scores = dict(
            zip(pairs, self.frame.scores(players["discriminator"], *pairs.values()), strict=True)
        )
        losses = {"real": loss.true(scores["real"]), "fake": loss.false(scores["fake"])}
        for name, (other, weight) in others.items():
            losses[name] = weight * F.mse_loss(scores[other].float(), scores[name].float())
        return Terms(losses)

    def generator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """BigGAN's term, of all images or of the best, and zCR's."""
        settings = self.settings
        made = self.frame.make(players, memory["count"], draws)
        scores: Tensor = players["discriminator"](made.images, made.labels)
        observed = {}
        if settings.top_k:
            kept = settings.kept(len(scores), clock)
            observed = {"kept": torch.full((), kept / len(scores), device=scores.device)}
            scores = best(scores, kept)
        losses = {"adversarial": self.frame.loss.generator(scores)}
        if settings.spread_weight:
            near = self.nearby(players, made, draws)
            spread = F.mse_loss(made.images.float(), near.images.float())
            losses["spread"] = -settings.spread_weight * spread
        return Terms(losses, observed)

    def nearby(self, players: Players, made: Made, draws: Draws) -> Made:
        """G(z', c) for the z and c of images."""
        stream = draws["perturbation"]
        noise = torch.randn(made.latents.shape, generator=stream, device=stream.device)
        inputs = {"latents": made.latents + self.settings.radius * noise}
        if made.labels is not None:
            inputs["labels"] = made.labels
        return self.frame.made_of(players, inputs)
