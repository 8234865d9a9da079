"""JGAN: the generator makes an image *and* its label from one latent; nobody feeds a label in.

L_D = E[max(0, 1 - D(x, l))] + E[max(0, 1 + D(G_I(z), G_L(z)))],  L_G = -E[D(G_I(z), G_L(z))].
Park 2019 (arXiv 1905.11574), eqs 3 and 4 in the hinge form of section 3. A generated label is soft
and enters the projection as a linear map, so gradients reach the label branch through it.
"""

from torch import Tensor

from gan_repro.game import Draws, Game, Players
from gan_repro.images import ImageShape
from gan_repro.methods._joint import Inputs, JointSettings
from gan_repro.methods._resnet import uniform_noise
from gan_repro.nets.label_branch import JointGenerator
from gan_repro.nets.resnet import Discriminator, Generator

CITATION = "Park, JGAN: A Joint Formulation of GAN for Synthesizing Images and Labels, 2019"


class Settings(JointSettings):
    """Settings of the joint generator."""


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` (image and label) and ``discriminator`` (of pairs)."""

    def draw(count: int, draws: Draws) -> dict[str, Tensor]:
        latents, noise = settings.latents(count, draws), uniform_noise(count, classes, draws)
        return {"latents": latents, "noise": noise}

    def generate(players: Players, inputs: Inputs) -> tuple[Tensor, Tensor]:
        images, logits = players["generator"](inputs["latents"])
        return images, settings.label(logits, inputs["noise"])

    image = Generator(shape, settings.latent_size, settings.generator_width)
    generator = JointGenerator(image, settings.label_branch(shape, classes))
    discriminator = Discriminator(shape, settings.discriminator_width, classes)
    return settings.joint_game(generator, discriminator, draw, generate, made=classes)
