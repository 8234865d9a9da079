"""Adversarially learned inference: an encoder and a decoder fool one judge of pairs (x, z).

The encoder draws z for an image, the decoder an image for a z. With logits d and softplus sp:

    L_D = E[sp(-d(x, G_z(x)))] + E[sp(d(G_x(z), z))]
    L_G = E[sp(d(x, G_z(x)))] + E[sp(-d(G_x(z), z))]

Dumoulin et al. 2017 (arXiv 1606.00704), algorithm 1: the value function of eq. 1, and for both
generators the one that does not saturate. As there, both losses see the same draws; there the two
steps are taken at once, here the discriminator's comes first.
"""

import torch
from pydantic import Field
from torch import Tensor

from gan_repro.game import (
    Adam,
    Batch,
    Clock,
    Draws,
    Game,
    Generated,
    Memory,
    Players,
    Sampler,
    Terms,
    Turn,
)
from gan_repro.images import ImageShape
from gan_repro.kinds import Spec
from gan_repro.losses import minimax_fake, minimax_generator, minimax_real
from gan_repro.nets.ali import Decoder, Discriminator, Encoder

CITATION = "Dumoulin et al., Adversarially Learned Inference, ICLR 2017, arXiv 1606.00704"

GUESSES: tuple[str, ...] = (
    "beta2 is .999: the table prints 10^-3, which is 1 - beta2, as Blocks wrote it in 2016",
    "layers for images that are not 32 x 32: the table's pattern, as far as the image allows",
)


class Settings(Spec):
    """The CIFAR-10 table of appendix A, whose batches have 100 images."""

    latent_size: int = Field(default=64, ge=1)
    width: int = Field(default=32, ge=2, multiple_of=2)  # channels of the first convolution
    learning_rate: float = Field(default=1e-4, gt=0)
    beta1: float = Field(default=0.5, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)

    def latents(self, count: int, draws: Draws) -> Tensor:
        """z ~ N(0, I), (count, latent_size)."""
        stream = draws["latents"]
        return torch.randn(count, self.latent_size, generator=stream, device=stream.device)


def scores(players: Players, batch: Batch | None, memory: Memory) -> tuple[Tensor, Tensor]:
    """D of (x, G_z(x)) and of (G_x(z), z), (n,) each."""
    assert batch is not None
    codes = players["encoder"](batch.images, memory["noise"])
    images = players["decoder"](memory["latents"])
    judge = players["discriminator"]
    return judge(batch.images, codes), judge(images, memory["latents"])


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``encoder``, ``decoder`` and ``discriminator``; ``classes`` plays no part."""

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        for name in ("latents", "noise"):
            memory[name] = settings.latents(len(batch.images), draws)
        encoded, decoded = scores(players, batch, memory)
        return Terms({"encoded": minimax_real(encoded), "decoded": minimax_fake(decoded)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        encoded, decoded = scores(players, batch, memory)
        return Terms({"encoder": minimax_fake(encoded), "decoder": minimax_generator(decoded)})

    sizes = (shape, settings.latent_size, settings.width)
    players = {"encoder": Encoder(*sizes), "decoder": Decoder(*sizes)}
    adam = Adam(learning_rate=settings.learning_rate, beta1=settings.beta1, beta2=settings.beta2)
    return Game(
        players={**players, "discriminator": Discriminator(*sizes)},
        turns=(
            Turn("discriminator", frozenset({"discriminator"}), discriminator_terms),
            Turn("generators", frozenset(players), generator_terms, batch="same"),
        ),
        optimisers=dict.fromkeys([*players, "discriminator"], adam),
        published=tuple(players),
        sampler=Sampler(
            draw=lambda n, draws: {"latents": settings.latents(n, draws)},
            generate=lambda players, inputs: Generated(players["decoder"](inputs["latents"])),
        ),
        streams=("latents",),
    )
