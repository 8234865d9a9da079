"""SN-GAN without labels: the "Unsupervised" row of JGAN's Table 1.

L_D = E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))],  L_G = -E[D(G(z))].
Miyato et al. 2018, eqs 16 and 17, with JGAN's networks and learning rates.
"""

from typing import Literal

import torch
from pydantic import Field

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import ADVERSARIAL, AdversarialName
from gan_repro.methods._resnet import ResnetSettings
from gan_repro.nets.resnet import Discriminator, Generator

CITATION = "Miyato et al., Spectral Normalization for Generative Adversarial Networks, ICLR 2018"


class Settings(ResnetSettings):
    """Settings of SN-GAN.

    loss : the paper's hinge, or ``minimax``, the logarithmic loss, as others compare with it.
    passes : whether the discriminator sees real and generated images in two batches, or in one,
        with one power iteration for both. A lock names it where it is ``joint``.
    """

    loss: AdversarialName = "hinge"
    passes: Literal["joint", "separate"] = Field("separate", exclude_if="separate".__eq__)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; ``classes`` plays no part."""
    loss = ADVERSARIAL[settings.loss]

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        with torch.no_grad():
            fakes = players["generator"](settings.latents(len(batch.images), draws))
        memory["count"] = len(batch.images)
        if settings.passes == "joint":
            real, fake = players["discriminator"](torch.cat([batch.images, fakes])).chunk(2)
        else:
            real, fake = players["discriminator"](batch.images), players["discriminator"](fakes)
        return Terms({"real": loss.true(real), "fake": loss.false(fake)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        fakes = players["generator"](settings.latents(memory["count"], draws))
        return Terms({"adversarial": loss.generator(players["discriminator"](fakes))})

    return settings.game(
        Generator(shape, settings.latent_size, settings.generator_width),
        Discriminator(shape, settings.discriminator_width),
        discriminator_terms,
        generator_terms,
        Sampler(
            draw=lambda n, draws: {"latents": settings.latents(n, draws)},
            generate=lambda players, inputs: Generated(players["generator"](inputs["latents"])),
        ),
    )
