"""DCGAN with labels: "DCGAN with labels" of Stacked GAN's Table 1.

The class stands beside the latents of G and beside the image of D, one constant channel a class:
L_D = E[-log D(x, y)] + E[-log(1 - D(G(z, c), c))],  L_G = E[-log D(G(z, c), c)].

Wang and Liu 2016 (arXiv 1611.01722) ran it to compare their SteinGAN with, and describe it nowhere
that we found; the networks are DCGAN's, on whose code theirs is based.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import minimax_fake, minimax_generator, minimax_real
from gan_repro.methods._dcgan import DcganSettings
from gan_repro.methods._resnet import uniform_labels
from gan_repro.nets.coded import ChannelDiscriminator, CodedGenerator
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.dcgan import Discriminator, Generator

CITATION = "Radford, Metz and Chintala, Unsupervised Representation Learning with DCGAN, ICLR 2016"
GUESSES = (
    "the class enters G beside z and D beside the image, once each; dcgan_code's MNIST script "
    "(mnist/train_cond_dcgan.py) repeats it at every layer",
    "classes of fakes are drawn evenly",
    "sizes and optimisers are those of dcgan_code (faces/train_uncond_dcgan.py), the decay that of "
    "SteinGAN's own runs: 100 epochs, and 100 more in which the learning rates fall to 0",
    "no weight decay; dcgan_code has 1e-5",
    "G and D learn in turns on the same number of images",
)


class Settings(DcganSettings):
    """Settings of DCGAN with labels."""


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``."""

    def draw(count: int, draws: Draws) -> dict[str, Tensor]:
        labels = uniform_labels(count, classes, draws)
        return {"latents": settings.latents(count, draws), "labels": labels}

    def fakes(players: Players, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        rows = label_vectors(inputs["labels"], classes)
        return players["generator"](inputs["latents"], rows), rows

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            images, rows = fakes(players, draw(count, draws))
        real = players["discriminator"](batch.images, label_vectors(batch.labels, classes))
        fake = players["discriminator"](images, rows)
        return Terms({"real": minimax_real(real), "fake": minimax_fake(fake)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        scores = players["discriminator"](*fakes(players, draw(memory["count"], draws)))
        return Terms({"adversarial": minimax_generator(scores)})

    def generate(players: Players, inputs: Mapping[str, Tensor]) -> Generated:
        return Generated(fakes(players, inputs)[0], inputs["labels"])

    width, channels = settings.discriminator_width, shape.channels + classes
    generator = Generator(shape, settings.latent_size + classes, settings.generator_width)
    return settings.game(
        CodedGenerator(generator, classes, standardised=False),
        ChannelDiscriminator(Discriminator(shape, width, channels=channels), sees=classes),
        discriminator_terms,
        generator_terms,
        Sampler(draw, generate),
    )
