"""JGAN: the generator makes an image *and* its label from one latent; nobody feeds a label in.

L_D = E[max(0, 1 - D(x, l))] + E[max(0, 1 + D(G_I(z), G_L(z)))],  L_G = -E[D(G_I(z), G_L(z))].
Park 2019 (arXiv 1905.11574), eqs 3 and 4 in the hinge form of section 3. A generated label is soft
and enters the projection as a linear map, so gradients reach the label branch through it.
"""

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import hinge_fake, hinge_generator, hinge_real
from gan_repro.methods._resnet import ResnetSettings, uniform_noise
from gan_repro.nets.label_outputs import LabelOutput, label_output
from gan_repro.nets.resnet import Discriminator, Generator, JointGenerator, LabelBranch

CITATION = "Park, JGAN: A Joint Formulation of GAN for Synthesizing Images and Labels, 2019"


class Settings(ResnetSettings):
    """Settings of the joint generator.

    label_output, label_temperature : what follows the branch's last layer, see nets/label_outputs.
    """

    label_width: int = Field(default=128, ge=1)  # C_l of Table 5: 128 for CIFAR-10, 256 for -100
    label_hidden_layers: int = Field(default=2, ge=1)  # Table 5; 3 in Table 6
    dropout: float = Field(default=0.5, ge=0, lt=1)  # section 3
    label_output: LabelOutput = "softmax"  # Table 5 ends in a bare dense layer; see docs
    label_temperature: float = Field(default=1.0, gt=0)  # ours: the paper has none


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` (image and label) and ``discriminator`` (of pairs)."""

    def draw(count: int, draws: Draws) -> dict[str, Tensor]:
        return {
            "latents": settings.latents(count, draws),
            "noise": uniform_noise(count, classes, draws),
        }

    def generate(players: Players, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        images, logits = players["generator"](inputs["latents"])
        kind, temperature = settings.label_output, settings.label_temperature
        return images, label_output(kind, logits, inputs["noise"], temperature)

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
    label = LabelBranch(
        shape, settings.generator_width, settings.label_width, settings.label_hidden_layers,
        classes, settings.dropout,
    )  # fmt: skip
    return settings.game(
        JointGenerator(image, label),
        Discriminator(shape, settings.discriminator_width, classes),
        discriminator_terms,
        generator_terms,
        Sampler(draw, lambda players, inputs: Generated(*generate(players, inputs))),
    )
