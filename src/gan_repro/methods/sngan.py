"""SN-GAN without labels: the "Unsupervised" row of JGAN's Table 1.

L_D = E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))],  L_G = -E[D(G(z))].
Miyato et al. 2018, eqs 16 and 17, with JGAN's networks and learning rates.
"""

import torch

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import ADVERSARIAL, AdversarialName
from gan_repro.methods._resnet import ResnetSettings
from gan_repro.nets.resnet import Discriminator, Generator

CITATION = "Miyato et al., Spectral Normalization for Generative Adversarial Networks, ICLR 2018"


class Settings(ResnetSettings):
    """loss : the paper's hinge, or ``minimax``, the logarithmic loss, as others compare with it."""

    loss: AdversarialName = "hinge"


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
        real = players["discriminator"](batch.images)
        fake = players["discriminator"](fakes)
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
