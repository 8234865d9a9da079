"""JGAN with a condition: a clean label goes in, another label comes out beside the image.

L_D = E[max(0, 1 - D(x, c, l))] + E[max(0, 1 + D(G_I(z, c), c, G_L(z, c)))],  L_G = -E[D(...)].
Park 2019 (arXiv 1905.11574), section 2, proposes that well-defined labels stay conditions while
noisy or weak ones are generated jointly; it prints no result. D projects on both at once.
"""

import torch
from pydantic import Field
from torch import Tensor

from gan_repro.errors import ConfigurationError
from gan_repro.game import Draws, Game, Players
from gan_repro.images import ImageShape
from gan_repro.methods._joint import Inputs, JointSettings
from gan_repro.methods._resnet import uniform_labels, uniform_noise
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.label_branch import JointGenerator
from gan_repro.nets.resnet import Discriminator, Generator

CITATION = "Park, JGAN: A Joint Formulation of GAN for Synthesizing Images and Labels, 2019, sec. 2"


class Settings(JointSettings):
    """Settings of the joint generator, and how much of a label row is a condition.

    condition_size : the first entries of a label row, a one-hot class (labels/beside_clean), so
        the data set's number of classes; the rest is generated.
    """

    condition_size: int = Field(default=10, ge=1)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; ``classes`` is the whole row's length.

    Raises
    ------
    ConfigurationError
        When the condition takes the whole row.
    """
    given, made = settings.condition_size, classes - settings.condition_size
    if made < 1:
        raise ConfigurationError(
            f"jgan_mixed: condition_size {given} was asked for, but a label row has {classes} "
            "entries, so nothing is left to generate. Use labels of kind beside_clean."
        )

    def draw(count: int, draws: Draws) -> dict[str, Tensor]:
        return {
            "latents": settings.latents(count, draws),
            "classes": uniform_labels(count, given, draws),
            "noise": uniform_noise(count, made, draws),
        }

    def generate(players: Players, inputs: Inputs) -> tuple[Tensor, Tensor]:
        condition = label_vectors(inputs["classes"], given)
        images, logits = players["generator"](inputs["latents"], condition)
        return images, torch.cat([condition, settings.label(logits, inputs["noise"])], dim=1)

    image = Generator(shape, settings.latent_size, settings.generator_width, given)
    generator = JointGenerator(image, settings.label_branch(shape, made))
    discriminator = Discriminator(shape, settings.discriminator_width, classes)
    return settings.joint_game(generator, discriminator, draw, generate, made)
