"""AC-GAN: D tells real from fake, and tells the class of both; G is told the class.

L_S is the source's log-likelihood and L_C the class's, each on real and on fake images. D maximises
L_S + L_C, and G maximises L_C - L_S, here in the form that does not saturate:

    L_D = b (E[sp(-s(x))] + E[sp(s(G(z, c)))]) + a (E[CE(C(x), y)] + E[CE(C(G(z, c)), c)])
    L_G = b E[sp(-s(G(z, c)))] + a E[CE(C(G(z, c)), c)]

Odena, Olah and Shlens 2017 (arXiv 1610.09585), eqs 2 and 3, with appendix A's networks
(nets/acgan.py); s is the score before the sigmoid, sp softplus, a and b are 1 in the paper. Images
whose label is missing are left out, so that a run may be one of many on a few classes each.

Beyond the paper: the same game without classes (``conditional``), and a classifier that another run
has trained in the place of C (``encoder``), so that D learns L_S alone. With ``shrink`` the same
data teach a model of smaller images, as the 64x64 one beside the 128x128 one in Figure 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import interpolate

from gan_repro.errors import ConfigurationError
from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import class_cross_entropy, minimax_fake, minimax_generator, minimax_real
from gan_repro.methods._resnet import ResnetSettings, uniform_labels
from gan_repro.nets.acgan import Discriminator, generator_a, generator_b, generator_imagenet
from gan_repro.nets.classifier import Classifier
from gan_repro.nets.conditioning import label_vectors

CITATION = (
    "Odena, Olah and Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs, ICML 2017"
)

GUESSES: tuple[str, ...] = (
    "network imagenet: a first map of 8 x 8 x 768; the table has a dense layer of 768, and then "
    "four doublings, which cannot reach 128 from one place",
    "network a: a first map of 4 x 4 x 384, since three doublings cannot reach 32 from one place",
    "beta2 is .999: 10^-3 is printed, which is 1 - beta2",
    "learning rates and activation noise: the middle of the values that CIFAR-10's grid tries",
    "activation noise stands between each LeakyReLU and its dropout",
    "z is N(0, I), of 100 of the 110 inputs; the others are the class",
)


GENERATORS = {"imagenet": generator_imagenet, "a": generator_a, "b": generator_b}


class Settings(ResnetSettings):
    """Appendix A, whose batches have 100 images; nothing here but the shape of the game is JGAN's.

    network : G's: ``imagenet``, of the paper's table for 128x128 (width 768); ``a``, after its
        pattern for 32x32; or ``b``, that of clvrai/ACGAN-PyTorch.
    conditional : whether G gets classes and D has a class head.
    encoder : the extractor whose trained network is the class head; empty for D's own.
    encoder_width : the width that it was trained with.
    shrink : networks see and make images of a ``shrink``th of the side; both ways bilinear, as
        ``features/_views.py`` resizes.
    """

    network: Literal["imagenet", "a", "b"] = "a"
    conditional: bool = True
    encoder: Literal["", "classifier"] = ""
    encoder_width: int = Field(default=64, ge=1)
    latent_size: int = Field(default=100, ge=1)
    generator_width: int = Field(default=384, ge=1)
    discriminator_width: int = Field(default=16, ge=1)
    generator_learning_rate: float = Field(default=2e-4, gt=0)
    discriminator_learning_rate: float = Field(default=2e-4, gt=0)
    class_weight: float = Field(default=1.0, ge=0)  # a
    source_weight: float = Field(default=1.0, ge=0)  # b
    activation_noise: float = Field(default=0.1, ge=0)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    shrink: int = Field(default=1, ge=1)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator``, ``discriminator`` and, with an encoder, a ``classifier``.

    Raises
    ------
    ConfigurationError
        When networks would see images of an odd side.
    """
    play, seen = Play(settings, classes, shape), smaller(shape, settings.shrink)
    noise, dropout = settings.activation_noise, settings.dropout
    inputs, head = settings.latent_size + play.size, play.size if play.own_head else 0
    game = settings.game(
        GENERATORS[settings.network](seen, inputs, settings.generator_width),
        Discriminator(seen, settings.discriminator_width, head, noise, dropout),
        play.discriminator_terms,
        play.generator_terms,
        Sampler(play.draw, play.generate),
    )
    game.only_labelled = settings.conditional
    if play.pretrained:
        game.players["classifier"] = Classifier(shape.channels, classes, settings.encoder_width)
        game.upstream = {"classifier": "classifier"}
    return game


def smaller(shape: ImageShape, shrink: int) -> ImageShape:
    """The shape with sides ``shrink`` times smaller; raises ConfigurationError for odd ones."""
    if shrink > 1 and (shape.height % (2 * shrink) or shape.width % (2 * shrink)):
        raise ConfigurationError(
            f"acgan: shrink is {shrink}, but images have {shape.height}x{shape.width} pixels; "
            f"expected sides that {2 * shrink} divides. Choose another factor."
        )
    return ImageShape(shape.channels, shape.height // shrink, shape.width // shrink)


@dataclass(frozen=True)
class Play:
    """The terms and the sampler of a game with ``classes`` classes on images of a ``shape``."""

    settings: Settings
    classes: int
    shape: ImageShape

    @property
    def size(self) -> int:
        """Entries of the row that tells G the class."""
        return self.classes if self.settings.conditional else 0

    @property
    def pretrained(self) -> bool:
        """Whether another run has trained the class head."""
        return self.settings.conditional and bool(self.settings.encoder)

    @property
    def own_head(self) -> bool:
        """Whether D has a class head."""
        return self.settings.conditional and not self.pretrained

    def resized(self, images: Tensor, shrink: int = 1) -> Tensor:
        """Images (n, c, h, w) at a ``shrink``th of the data set's side, bilinearly."""
        if self.settings.shrink == 1:
            return images
        size = smaller(self.shape, shrink)[1:]
        return interpolate(images.float(), size=size, mode="bilinear", antialias=shrink > 1)

    def source(self, loss: Tensor) -> Tensor:
        """b times a loss of the source."""
        return self.settings.source_weight * loss

    def class_loss(self, logits: Tensor, rows: Tensor) -> Tensor:
        """a CE."""
        return self.settings.class_weight * class_cross_entropy(logits, rows)

    def fakes(self, players: Players, memory: Memory, draws: Draws) -> tuple[Tensor, Tensor]:
        """Images, and the rows of the classes that they were made for."""
        count = memory["count"]
        rows = label_vectors(uniform_labels(count, self.classes, draws), self.classes)
        rows = rows[:, : self.size]
        return players["generator"](self.settings.latents(count, draws), rows), rows

    def discriminator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """D's losses, on the batch and on as many fakes."""
        assert batch is not None
        memory["count"] = len(batch.images)
        with torch.no_grad():
            images, rows = self.fakes(players, memory, draws)
        shown = self.resized(batch.images, self.settings.shrink)
        real, real_logits = players["discriminator"](shown)
        fake, fake_logits = players["discriminator"](images)
        terms = {"real": self.source(minimax_real(real)), "fake": self.source(minimax_fake(fake))}
        if self.own_head:
            given = label_vectors(batch.labels, self.classes)
            terms["real_class"] = self.class_loss(real_logits, given)
            terms["fake_class"] = self.class_loss(fake_logits, rows)
        return Terms(terms)

    def generator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """G's losses, on fresh fakes."""
        images, rows = self.fakes(players, memory, draws)
        scores, logits = players["discriminator"](images)
        terms = {"adversarial": self.source(minimax_generator(scores))}
        if self.pretrained:
            _, logits = players["classifier"](self.resized(images))
        if self.settings.conditional:
            terms["class"] = self.class_loss(logits, rows)
        return Terms(terms)

    def draw(self, count: int, draws: Draws) -> dict[str, Tensor]:
        """The inputs of samples: latents, and classes where there are any."""
        inputs = {"latents": self.settings.latents(count, draws)}
        if self.size:
            inputs["labels"] = uniform_labels(count, self.classes, draws)
        return inputs

    def generate(self, players: Players, inputs: Mapping[str, Tensor]) -> Generated:
        """Images, and the classes that they were made for."""
        latents, labels = inputs["latents"], inputs.get("labels")
        rows = latents[:, :0] if labels is None else label_vectors(labels, self.classes)
        return Generated(self.resized(players["generator"](latents, rows)), labels)
