"""JGAN: the generator makes an image *and* its label from one latent; nobody feeds a label in.

L_D = E[max(0, 1 - D(x, l))] + E[max(0, 1 + D(G_I(z), G_L(z)))],  L_G = -E[D(G_I(z), G_L(z))].
Park 2019 (arXiv 1905.11574), eqs 3 and 4 in the hinge form of section 3. A generated label is soft
and enters the projection as a linear map, so gradients reach the label branch through it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import hinge_fake, hinge_generator, hinge_real
from gan_repro.methods._resnet import JointSettings, uniform_noise
from gan_repro.nets.resnet import Discriminator, Generator, JointGenerator

CITATION = "Park, JGAN: A Joint Formulation of GAN for Synthesizing Images and Labels, 2019"


class Settings(JointSettings):
    """Settings of the joint generator."""


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` (image and label) and ``discriminator`` (of pairs)."""

    def draw(count: int, draws: Draws) -> dict[str, Tensor]:
        return {
            "latents": settings.latents(count, draws),
            "noise": uniform_noise(count, classes, draws),
        }

    def generate(players: Players, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        images, logits = players["generator"](inputs["latents"])
        return images, settings.label(logits, inputs["noise"])

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            images, labels = generate(players, draw(count, draws))
        real = players["discriminator"](batch.images, batch.labels)
        fake = players["discriminator"](images, labels)
        return Terms({"real": hinge_real(real), "fake": hinge_fake(fake)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        images, labels = generate(players, draw(memory["count"], draws))
        scores = players["discriminator"](images, labels)
        # real labels may be corners and generated ones not: watch that D can't tell by sharpness
        sharpness = labels.max(dim=1).values.mean()
        return Terms({"adversarial": hinge_generator(scores)}, {"label_sharpness": sharpness})

    image = Generator(shape, settings.latent_size, settings.generator_width)
    return settings.game(
        JointGenerator(image, settings.label_branch(shape, classes)),
        Discriminator(shape, settings.discriminator_width, classes),
        discriminator_terms,
        generator_terms,
        Sampler(draw, lambda players, inputs: Generated(*generate(players, inputs))),
    )
