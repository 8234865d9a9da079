"""cGAN with projection discriminator and conditional batch norm: "SN-GAN w/ conditional batchnorm".

D(x, l) = w^T phi(x) + l^T V phi(x); G(z, l) scales and shifts its batch norms by label.
Miyato and Koyama 2018, with JGAN's networks and learning rates (arXiv 1905.11574, section 3).
"""

from collections.abc import Mapping

import torch

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import hinge_fake, hinge_generator, hinge_real
from gan_repro.methods._resnet import ResnetSettings, uniform_labels
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.resnet import Discriminator, Generator

CITATION = "Miyato and Koyama, cGANs with Projection Discriminator, ICLR 2018"


class Settings(ResnetSettings):
    """Settings of the conditional batch norm baseline."""


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; fake labels are drawn evenly."""

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        labels = label_vectors(uniform_labels(count, classes, draws), classes)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(count, draws), labels)
        real = players["discriminator"](batch.images, batch.labels)
        fake = players["discriminator"](fakes, labels)
        return Terms({"real": hinge_real(real), "fake": hinge_fake(fake)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        labels = label_vectors(uniform_labels(memory["count"], classes, draws), classes)
        fakes = players["generator"](settings.latents(memory["count"], draws), labels)
        return Terms({"adversarial": hinge_generator(players["discriminator"](fakes, labels))})

    def generate(players: Players, inputs: Mapping[str, torch.Tensor]) -> Generated:
        rows = label_vectors(inputs["labels"], classes)
        return Generated(players["generator"](inputs["latents"], rows), inputs["labels"])

    return settings.game(
        Generator(shape, settings.latent_size, settings.generator_width, classes),
        Discriminator(shape, settings.discriminator_width, classes),
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
