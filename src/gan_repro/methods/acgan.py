"""AC-GAN: D tells real from fake, and tells the class of both; G is told the class.

L_S is the source's log-likelihood and L_C the class's, each on real and on fake images. D maximises
L_S + L_C, and G maximises L_C - L_S, here in the form that does not saturate:

    L_D = E[sp(-s(x))] + E[sp(s(G(z, c)))] + a (E[CE(C(x), y)] + E[CE(C(G(z, c)), c)])
    L_G = E[sp(-s(G(z, c)))] + a E[CE(C(G(z, c)), c)]

Odena, Olah and Shlens 2017 (arXiv 1610.09585), eqs 2 and 3, with appendix A's networks for CIFAR-10
(nets/acgan.py); s is the score before the sigmoid, sp softplus, a 1 in the paper.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import class_cross_entropy, minimax_fake, minimax_generator, minimax_real
from gan_repro.methods._resnet import ResnetSettings, uniform_labels
from gan_repro.nets.acgan import Discriminator, generator_a, generator_b
from gan_repro.nets.conditioning import label_vectors

CITATION = (
    "Odena, Olah and Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs, ICML 2017"
)

GUESSES: tuple[str, ...] = (
    "network a: a first map of 4 x 4 x 384, since three doublings cannot reach 32 from one place",
    "beta2 is .999: 10^-3 is printed, which is 1 - beta2",
    "learning rates and activation noise: the middle of the values that CIFAR-10's grid tries",
    "activation noise stands between each LeakyReLU and its dropout",
    "z is N(0, I), of 100 of the 110 inputs; the others are the class",
)


class Settings(ResnetSettings):
    """Appendix A, whose batches have 100 images; nothing here but the shape of the game is JGAN's.

    network : G's: ``a``, after the paper's tables, or ``b``, that of clvrai/ACGAN-PyTorch.
    """

    network: Literal["a", "b"] = "a"
    latent_size: int = Field(default=100, ge=1)
    generator_width: int = Field(default=384, ge=1)
    discriminator_width: int = Field(default=16, ge=1)
    generator_learning_rate: float = Field(default=2e-4, gt=0)
    discriminator_learning_rate: float = Field(default=2e-4, gt=0)
    class_weight: float = Field(default=1.0, ge=0)  # a
    activation_noise: float = Field(default=0.1, ge=0)
    dropout: float = Field(default=0.5, ge=0, lt=1)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``."""

    def class_loss(logits: Tensor, rows: Tensor) -> Tensor:
        return settings.class_weight * class_cross_entropy(logits, rows)

    def fakes(players: Players, memory: Memory, draws: Draws) -> tuple[Tensor, Tensor]:
        """Images, and the rows of the classes that they were made for."""
        count = memory["count"]
        rows = label_vectors(uniform_labels(count, classes, draws), classes)
        return players["generator"](settings.latents(count, draws), rows), rows

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        memory["count"] = len(batch.images)
        with torch.no_grad():
            images, rows = fakes(players, memory, draws)
        real, real_logits = players["discriminator"](batch.images)
        fake, fake_logits = players["discriminator"](images)
        return Terms(
            {
                "real": minimax_real(real),
                "fake": minimax_fake(fake),
                "real_class": class_loss(real_logits, label_vectors(batch.labels, classes)),
                "fake_class": class_loss(fake_logits, rows),
            }
        )

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        images, rows = fakes(players, memory, draws)
        scores, logits = players["discriminator"](images)
        return Terms({"adversarial": minimax_generator(scores), "class": class_loss(logits, rows)})

    def generate(players: Players, inputs: Mapping[str, Tensor]) -> Generated:
        rows = label_vectors(inputs["labels"], classes)
        return Generated(players["generator"](inputs["latents"], rows), inputs["labels"])

    generator = {"a": generator_a, "b": generator_b}[settings.network]
    noise, dropout = settings.activation_noise, settings.dropout
    return settings.game(
        generator(shape, settings.latent_size + classes, settings.generator_width),
        Discriminator(shape, settings.discriminator_width, classes, noise, dropout),
        discriminator_terms,
        generator_terms,
        Sampler(
            draw=lambda n, draws: {
                "latents": settings.latents(n, draws),
                "labels": uniform_labels(n, classes, draws),
            },
            generate=generate,
        ),
    )
