"""JGAN: the generator makes an image *and* its label from one latent; nobody feeds a label in.

L_D = E[max(0, 1 - D(x, l))] + E[max(0, 1 + D(G_I(z), G_L(z)))],  L_G = -E[D(G_I(z), G_L(z))].
Park 2019 (arXiv 1905.11574), eqs 3 and 4 in the hinge form of section 3. A generated label is soft
and enters the projection as a linear map, so gradients reach the label branch through it.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import hinge_fake, hinge_generator, hinge_real
from gan_repro.methods._resnet import ResnetSettings
from gan_repro.nets.resnet import Discriminator, Generator, JointGenerator, LabelBranch

CITATION = "Park, JGAN: A Joint Formulation of GAN for Synthesizing Images and Labels, 2019"


class Settings(ResnetSettings):
    """Settings of the joint generator."""

    label_width: int = Field(default=128, ge=1)  # C_l of Table 5: 128 for CIFAR-10, 256 for -100
    label_hidden_layers: int = Field(default=2, ge=1)  # Table 5; 3 in Table 6
    dropout: float = Field(default=0.5, ge=0, lt=1)  # section 3
    label_output: Literal["softmax"] = "softmax"  # Table 5 ends in a bare dense layer; see docs


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` (image and label) and ``discriminator`` (of pairs)."""

    def generate(players: Players, latents: Tensor) -> tuple[Tensor, Tensor]:
        images, logits = players["generator"](latents)
        return images, F.softmax(logits, dim=1)

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            images, labels = generate(players, settings.latents(count, draws))
        real = players["discriminator"](batch.images, batch.labels)
        fake = players["discriminator"](images, labels)
        return Terms({"real": hinge_real(real), "fake": hinge_fake(fake)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        images, labels = generate(players, settings.latents(memory["count"], draws))
        scores = players["discriminator"](images, labels)
        # real labels are corners and generated ones aren't: watch that D can't tell by sharpness
        sharpness = labels.max(dim=1).values.mean()
        return Terms({"adversarial": hinge_generator(scores)}, {"label_sharpness": sharpness})

    image = Generator(shape, settings.latent_size, settings.generator_width)
    label = LabelBranch(
        shape, settings.generator_width, settings.label_width, settings.label_hidden_layers,
        classes, settings.dropout,
    )  # fmt: skip
    return settings.game(
        JointGenerator(image, label),
        Discriminator(shape, settings.discriminator_width, classes),
        discriminator_terms,
        generator_terms,
        Sampler(
            draw=lambda n, draws: {"latents": settings.latents(n, draws)},
            generate=lambda players, inputs: Generated(*generate(players, inputs["latents"])),
        ),
    )
