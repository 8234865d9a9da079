"""WGAN-GP without labels: the "WGAN-GP" row of JGAN's Table 2.

L_D = E[D(G(z))] - E[D(x)] + 10 E[(||grad D(x')||_2 - 1)^2],  L_G = -E[D(G(z))], x' evenly between
a real image and a fake. Gulrajani et al. 2017 (arXiv 1704.00028), eq. 3, with the networks of
improved_wgan_training, gan_cifar_resnet.py at CONDITIONAL False. Not as there: the generator's
batch norm has eps 2e-5 and samples with running statistics, as all generators here.
"""

import torch

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import wasserstein_fake, wasserstein_generator, wasserstein_real
from gan_repro.methods._wasserstein import WassersteinSettings
from gan_repro.nets.critics import Critic
from gan_repro.nets.resnet import Generator
from gan_repro.penalties import gradient_penalty

CITATION = "Gulrajani et al., Improved Training of Wasserstein GANs, NIPS 2017"


class Settings(WassersteinSettings):
    """Settings of WGAN-GP."""


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``critic``; ``classes`` plays no part."""

    def critic_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(count, draws))
        critic = players["critic"]
        penalty = gradient_penalty(critic, batch.images, fakes, draws["interpolation"])
        return Terms(
            {
                "real": wasserstein_real(critic(batch.images)),
                "fake": wasserstein_fake(critic(fakes)),
                "penalty": settings.penalty_weight * penalty,
            }
        )

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        count = settings.fakes_per_image * memory["count"]
        fakes = players["generator"](settings.latents(count, draws))
        return Terms({"adversarial": wasserstein_generator(players["critic"](fakes))})

    return settings.game(
        Generator(shape, settings.latent_size, settings.generator_width),
        Critic(shape, settings.critic_width),
        critic_terms,
        generator_terms,
        Sampler(
            draw=lambda n, draws: {"latents": settings.latents(n, draws)},
            generate=lambda players, inputs: Generated(players["generator"](inputs["latents"])),
        ),
    )
