"""Top-k GAN: the generator learns from those of its images that the discriminator scores best.

L_D as BigGAN's; L_G = -1/k sum of the k largest D(G(z_i, c_i), c_i) of a batch of B,
k = max(gamma^e, nu) B after e epochs. Sinha et al. 2020 (arXiv 2002.06224).
"""

import torch

from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._biggan import Biggan
from gan_repro.methods._topk import TopkSettings, best
from gan_repro.nets.biggan import Discriminator

CITATION = (
    "Sinha, Zhao, Goyal, Raffel and Odena, Top-k Training of GANs: Improving GAN Performance by "
    "Throwing Away Bad Samples, NeurIPS 2020"
)
GUESSES = (
    "gamma and nu for CIFAR-10 are not known to us: a summary of the paper has gamma from .75 to "
    ".999 and nu from 50 to 75%; ours, .99 and 50%, are the defaults of re-implementations",
    "k falls after each of 500 epochs, BigGAN-PyTorch's number, and is rounded down",
)


class Settings(TopkSettings):
    """BigGAN's settings, and how k falls."""


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
        kept = settings.kept(len(scores), clock)
        observed = {"kept": torch.full((), kept / len(scores), device=scores.device)}
        return Terms({"adversarial": loss.generator(best(scores, kept))}, observed)

    discriminator = Discriminator(frame.trunk(), frame.label_size)
    return frame.game(discriminator, discriminator_terms, generator_terms)
