"""Denoising feature matching: G also moves D's features of its images to where real ones are.

A denoiser r learns to take noise off the features Phi of real images, so that r(f) - f points to
where such features are dense. With C(f) = f + N(0, s^2) and D's score d of the features:

    L_D = E[sp(-d(Phi(x)))] + E[sp(d(Phi(G(z))))]
    L_r = E|r(C(Phi(x))) - Phi(x)|^2
    L_G = l_den E|Phi(G(z)) - r(Phi(G(z)))|^2 + l_adv E[sp(-d(Phi(G(z))))],  r(Phi(G(z))) constant

Warde-Farley and Bengio 2017, eqs 4 and 5. Eq. 4 prints C(Phi(x)) as r's target too: a slip, as an
author has said (hvy/chainer-gan-denoising-feature-matching, README). Real and fake images pass D
and r in batches of their own, so that each kind has batch statistics of its own.
"""

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from gan_repro.game import (
    Adam,
    Batch,
    Clock,
    Draws,
    Game,
    Generated,
    Memory,
    Players,
    Sampler,
    Terms,
    Turn,
)
from gan_repro.images import ImageShape
from gan_repro.kinds import Spec
from gan_repro.losses import minimax_fake, minimax_generator, minimax_real
from gan_repro.nets.dcgan import Discriminator, Generator
from gan_repro.nets.denoiser import Denoiser

CITATION = (
    "Warde-Farley and Bengio, Improving Generative Adversarial Networks with Denoising Feature "
    "Matching, ICLR 2017"
)

GUESSES: tuple[str, ...] = (
    "l_den is .03 on the mean over features, and l_adv 1: pfnet-research/chainer-gan-lib, dfm",
    "r has 10 layers of 2,048, which is printed for ImageNet only",
    "G with half of DCGAN's parameters a layer has half its channels, and so has D",
    "z is U(-1, 1) of 100 numbers, as DCGAN's",
    "beta2 is .999: not printed",
    "one step of D, of r and of G in turn",
)


class Settings(Spec):
    """What the paper prints for CIFAR-10, and the guesses."""

    latent_size: int = Field(default=100, ge=1)
    generator_width: int = Field(default=64, ge=1)  # DCGAN: 128
    discriminator_width: int = Field(default=64, ge=1)
    denoiser_width: int = Field(default=2048, ge=1)
    denoiser_depth: int = Field(default=10, ge=1)
    corruption: float = Field(default=1.0, ge=0)  # s
    denoising_weight: float = Field(default=0.03, ge=0)  # l_den
    adversarial_weight: float = Field(default=1.0, ge=0)  # l_adv
    learning_rate: float = Field(default=1e-4, gt=0)
    beta1: float = Field(default=0.5, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)

    def latents(self, count: int, draws: Draws) -> Tensor:
        """z ~ U(-1, 1), (count, latent_size)."""
        stream = draws["latents"]
        return 2 * torch.rand(count, self.latent_size, generator=stream, device=stream.device) - 1


def judge(players: Players) -> Discriminator:
    """D, which has ``features`` and a dense layer on them."""
    discriminator = players["discriminator"]
    assert isinstance(discriminator, Discriminator)
    return discriminator


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator``, ``discriminator`` and ``denoiser``; ``classes`` plays no part."""

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(count, draws))
        real, fake = players["discriminator"](batch.images), players["discriminator"](fakes)
        return Terms({"real": minimax_real(real), "fake": minimax_fake(fake)})

    def denoiser_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        with torch.no_grad():
            clean = judge(players).features(batch.images).float()
        stream = draws["corruption"]
        noise = torch.randn(clean.shape, generator=stream, device=stream.device)
        denoised = players["denoiser"](clean + settings.corruption * noise)
        return Terms({"denoising": F.mse_loss(denoised.float(), clean)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        fakes = players["generator"](settings.latents(memory["count"], draws))
        found = judge(players).features(fakes).float()
        with torch.no_grad():
            wanted = players["denoiser"](found).float()
        scores = judge(players).dense(found).squeeze(1)
        return Terms(
            {
                "denoising": settings.denoising_weight * F.mse_loss(found, wanted),
                "adversarial": settings.adversarial_weight * minimax_generator(scores),
            }
        )

    discriminator = Discriminator(shape, settings.discriminator_width)
    size, width = discriminator.features_size, settings.denoiser_width
    adam = Adam(learning_rate=settings.learning_rate, beta1=settings.beta1, beta2=settings.beta2)
    players = ("generator", "discriminator", "denoiser")
    return Game(
        players={
            "generator": Generator(shape, settings.latent_size, settings.generator_width),
            "discriminator": discriminator,
            "denoiser": Denoiser(size, width, settings.denoiser_depth),
        },
        turns=(
            Turn("discriminator", frozenset({"discriminator"}), discriminator_terms),
            Turn("denoiser", frozenset({"denoiser"}), denoiser_terms, batch="same"),
            Turn("generator", frozenset({"generator"}), generator_terms, batch="none"),
        ),
        optimisers=dict.fromkeys(players, adam),
        published=("generator",),
        sampler=Sampler(
            draw=lambda n, draws: {"latents": settings.latents(n, draws)},
            generate=lambda players, inputs: Generated(players["generator"](inputs["latents"])),
        ),
        streams=("latents", "corruption"),
    )
