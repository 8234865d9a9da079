"""What methods on BigGAN share: its players, draws, passes and turns.

A round is one generator step after ``discriminator_steps`` discriminator steps with fresh images:
500 epochs of 50,000 images in batches of 50 are 125,000 rounds.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.game import (
    Average,
    Batch,
    Draws,
    Game,
    Generated,
    Memory,
    Players,
    Sampler,
    TermsFunction,
    Turn,
)
from gan_repro.images import ImageShape
from gan_repro.losses import ADVERSARIAL, AdversarialLoss
from gan_repro.methods._biggan_settings import BigganSettings
from gan_repro.nets.biggan import Discriminator, Generator, Trunk
from gan_repro.nets.biggan_layers import LINEAGES, Lineage
from gan_repro.nets.conditioning import label_vectors

__all__ = ["Biggan", "BigganSettings", "Made", "Seen"]

STREAMS = ("latents", "labels", "flips", "augmentation")


class Made(NamedTuple):
    """What a generator made, and of what.

    images : (n, channels, h, w) in [-1, 1].
    latents : (n, latent_size).
    labels : one-hot rows (n, label_size); None where nothing is conditional.
    """

    images: Tensor
    latents: Tensor
    labels: Tensor | None


class Seen(NamedTuple):
    """What one discriminator step sees.

    real : (n, channels, h, w), mirrored where the settings say so.
    labels : rows (n, label_size), zeros where missing; None where nothing is conditional.
    fake : as many, without a gradient to the generator.
    """

    real: Tensor
    labels: Tensor | None
    fake: Made


class Biggan:
    """The frame of a method on BigGAN: players, draws, passes and turns; a method adds the terms.

    label_size : entries of the label that the generator is given; 0: none.
    lineage, loss : those that the settings name.
    generator : with fresh weights, drawn before those of any other player.
    """

    def __init__(self, settings: BigganSettings, shape: ImageShape, label_size: int) -> None:
        self.settings, self.shape, self.label_size = settings, shape, label_size
        self.lineage: Lineage = LINEAGES[settings.lineage]
        self.loss: AdversarialLoss = ADVERSARIAL[settings.loss]
        self.generator = Generator(
            shape, settings.latent_size, settings.generator_width, label_size, self.lineage
        )
        if settings.class_spread is not None:
            self.generator.spread_classes(settings.class_spread)

    def trunk(self) -> Trunk:
        """A fresh trunk of a discriminator."""
        return Trunk(self.shape, self.settings.discriminator_width, self.lineage)

    def draw(self, count: int, draws: Draws) -> dict[str, Tensor]:
        """Inputs of ``count`` samples: latents, and classes drawn evenly where there are labels."""
        inputs = {"latents": self.settings.latents(count, draws)}
        if self.label_size:
            stream = draws["labels"]
            inputs["labels"] = torch.randint(
                self.label_size, (count,), generator=stream, device=stream.device
            )
        return inputs

    def made_of(self, players: Players, inputs: Mapping[str, Tensor]) -> Made:
        """What the generator makes of drawn inputs."""
        labels = inputs.get("labels")
        rows = None if labels is None else label_vectors(labels, self.label_size)
        return Made(players["generator"](inputs["latents"], rows), inputs["latents"], rows)

    def make(self, players: Players, count: int, draws: Draws) -> Made:
        """``count`` images, with a gradient to the generator."""
        return self.made_of(players, self.draw(count, draws))

    def rows(self, labels: Tensor) -> Tensor:
        """Rows (n, label_size) of real labels, zeros where missing; shorter rows get zeros."""
        rows = label_vectors(labels, self.label_size)
        return F.pad(rows, (0, self.label_size - rows.shape[1]))

    def see(self, players: Players, batch: Batch | None, draws: Draws, memory: Memory) -> Seen:
        """The images of a discriminator step; ``memory["count"]`` tells the generator's turn."""
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            fake = self.make(players, count, draws)
        labels = self.rows(batch.labels) if self.label_size else None
        return Seen(self.settings.flipped(batch.images, draws), labels, fake)

    def together(self, network: nn.Module, *images: Tensor) -> tuple[Any, ...]:
        """What a network of images makes of several batches, in one pass or one by one.

        return : for each batch, what the network returns: a tensor, or a named tuple of tensors,
            whose rows are images.
        """
        if self.settings.passes == "separate":
            return tuple(network(some) for some in images)
        sizes = [len(some) for some in images]
        found = network(torch.cat(images))
        if isinstance(found, Tensor):
            return found.split(sizes)
        parts = zip(*(value.split(sizes) for value in found), strict=True)
        return tuple(type(found)(*part) for part in parts)

    def scores(
        self, discriminator: nn.Module, *pairs: tuple[Tensor, Tensor | None]
    ) -> tuple[Tensor, ...]:
        """D's scores (n,) of batches of images with their label rows, in one pass or one by one."""
        assert isinstance(discriminator, Discriminator)
        if self.settings.passes == "separate":
            return tuple(discriminator(images, labels) for images, labels in pairs)
        images = torch.cat([images for images, _ in pairs])
        rows = [labels for _, labels in pairs if labels is not None]
        found: Tensor = discriminator(images, torch.cat(rows) if rows else None)
        return found.split([len(some) for some, _ in pairs])

    def sampler(self) -> Sampler:
        """Samples with the classes asked for, where there are any."""
        return Sampler(
            draw=self.draw,
            generate=lambda players, inputs: Generated(
                self.made_of(players, inputs).images, inputs.get("labels")
            ),
            classes=self.label_size or None,
        )

    def game(
        self,
        discriminator: nn.Module,
        discriminator_terms: TermsFunction,
        generator_terms: TermsFunction,
        **others: nn.Module,
    ) -> Game:
        """``discriminator_steps`` discriminator steps with fresh images; one generator step.

        others : players that learn beside the discriminator, on the terms of the same turn and with
            the same optimiser; a method that wants them otherwise changes the game.
        """
        settings = self.settings
        learning = {"discriminator": discriminator, **others}
        rate = settings.discriminator_learning_rate
        return Game(
            players={"generator": self.generator, **learning},
            turns=(
                Turn(
                    "discriminator", frozenset(learning), discriminator_terms,
                    repeats=settings.discriminator_steps,
                ),
                Turn("generator", frozenset({"generator"}), generator_terms, batch="none"),
            ),
            optimisers={
                "generator": settings.adam(settings.generator_learning_rate),
                **{name: settings.adam(rate) for name in learning},
            },
            published=("generator",),
            sampler=self.sampler(),
            streams=STREAMS,
            averages={
                "generator": Average(
                    memory=settings.average_memory, start=settings.average_start
                )
            },
        )  # fmt: skip
