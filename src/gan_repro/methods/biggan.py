"""BigGAN on small images, with labels or without: the base of Watanabe and Favaro's paper.

L_D = E[max(0, 1 - D(x, y))] + E[max(0, 1 + D(G(z, c), c))],  L_G = -E[D(G(z, c), c)];
D(x, y) = w^T phi(x) + b + y^T V phi(x). Without labels y, c and V drop out.
Brock et al. 2019 (arXiv 1809.11096), appendices B and C; Miyato and Koyama 2018 for the projection.
"""

from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._biggan import Biggan, BigganSettings
from gan_repro.nets.biggan import Discriminator

CITATION = (
    "Brock, Donahue and Simonyan, Large Scale GAN Training for High Fidelity Natural Image "
    "Synthesis, ICLR 2019"
)


class Settings(BigganSettings):
    """BigGAN's own settings and no others."""


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; fake labels are drawn evenly."""
    frame = Biggan(settings, shape, classes if settings.conditional else 0)
    loss = frame.loss

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        real, labels, fake = frame.see(players, batch, draws, memory)
        true, false = frame.scores(
            players["discriminator"], (real, labels), (fake.images, fake.labels)
        )
        return Terms({"real": loss.true(true), "fake": loss.false(false)})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        made = frame.make(players, memory["count"], draws)
        scores = players["discriminator"](made.images, made.labels)
        return Terms({"adversarial": loss.generator(scores)})

    discriminator = Discriminator(frame.trunk(), frame.label_size)
    return frame.game(discriminator, discriminator_terms, generator_terms)
