"""CGAN: a condition beside the latents in G, and as constant channels beside the image in D.

min_G max_D E[log D(x | y)] + E[log(1 - D(G(z | y) | y))], G in the form that does not saturate.
Mirza and Osindero 2014, on the SN-GAN networks, as Durall et al. (arXiv 2012.08803) compare with it
in Figure 7. With codes as the condition it is their "standard approach" (footnote 2), and with a
discriminator that does not see them the baseline of their Table 3.
"""

from typing import Literal

import torch
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import ADVERSARIAL, AdversarialName
from gan_repro.methods._resnet import SnganSettings, uniform_labels
from gan_repro.nets.coded import ChannelDiscriminator, CodedGenerator
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.resnet import Discriminator, Generator

CITATION = "Mirza and Osindero, Conditional Generative Adversarial Nets, 2014"


class Settings(SnganSettings):
    """condition : ``class``, drawn evenly for each fake, or ``code``, that of the batch's image.

    discriminator_sees : whether D is given the condition.
    """

    condition: Literal["class", "code"] = "class"
    discriminator_sees: bool = True
    loss: AdversarialName = "minimax"


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; a condition has ``classes`` numbers."""
    coded, loss = settings.condition == "code", ADVERSARIAL[settings.loss]

    def fakes(players: Players, memory: Memory, draws: Draws) -> tuple[Tensor, Tensor]:
        """Images, and the conditions that they were made for, new ones each time unless coded."""
        count = len(memory["given"])
        rows = label_vectors(uniform_labels(count, classes, draws), classes)
        rows = memory["given"] if coded else rows
        return players["generator"](settings.latents(count, draws), rows), rows

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        memory["given"] = label_vectors(batch.labels, classes)
        with torch.no_grad():
            images, rows = fakes(players, memory, draws)
        real = players["discriminator"](batch.images, memory["given"])
        fake = players["discriminator"](images, rows)
        return Terms({"real": loss.true(real), "fake": loss.false(fake)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        scores = players["discriminator"](*fakes(players, memory, draws))
        return Terms({"adversarial": loss.generator(scores)})

    generator = Generator(shape, settings.latent_size + classes, settings.generator_width)
    sees = classes if settings.discriminator_sees else 0
    seen = shape._replace(channels=shape.channels + sees)
    discriminator = Discriminator(seen, settings.discriminator_width)
    return settings.game(
        CodedGenerator(generator, classes, standardised=coded),
        ChannelDiscriminator(discriminator, sees, standardised=coded),
        discriminator_terms,
        generator_terms,
        sampler(settings, classes),
    )


def sampler(settings: Settings, classes: int) -> Sampler:
    """Of classes drawn evenly, or of codes."""
    if settings.condition == "code":
        return settings.coded_sampler()
    return Sampler(
        draw=lambda n, draws: {
            "latents": settings.latents(n, draws),
            "labels": uniform_labels(n, classes, draws),
        },
        generate=lambda players, inputs: Generated(
            players["generator"](inputs["latents"], label_vectors(inputs["labels"], classes)),
            inputs["labels"],
        ),
    )
