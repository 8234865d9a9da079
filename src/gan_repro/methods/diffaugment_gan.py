"""DiffAugment: the discriminator sees augmented images only, real and generated, in both turns.

L_D = E[max(0, 1 - D(T(x), y))] + E[max(0, 1 + D(T(G(z, c)), c))],  L_G = -E[D(T(G(z, c)), c)];
the gradient passes T. With consistency also + l E[(D(A(T(x)), y) - D(T(x), y))^2] in L_D.
Zhao et al. 2020 (arXiv 2006.10738); constants and the order of T and A are those of
mit-han-lab/data-efficient-gans at 33c3fe1, DiffAugment-biggan-cifar.
"""

import torch.nn.functional as F
from pydantic import Field

from gan_repro.augmentation import AugmentationName, augment
from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._biggan import Biggan, BigganSettings
from gan_repro.nets.biggan import Discriminator

CITATION = (
    "Zhao, Liu, Lin, Zhu and Han, Differentiable Augmentation for Data-Efficient GAN Training, "
    "NeurIPS 2020"
)
GUESSES = (
    "the policy colour has strengths of our own (augmentation.py); CIFAR-10's policy has none",
)


class Settings(BigganSettings):
    """What scripts/DiffAugment-biggan-cifar10.sh says; a run has 1,000 epochs, 250,000 rounds.

    policy : T, in this order. Mirrored digits are other digits: set ``flip`` to false there, and
        leave it out of ``consistency``.
    consistency_weight : l; 10 with the policy ``cutout`` alone in DiffAugment-cr-biggan-cifar10.sh,
        and with no policy in cr-biggan-cifar10.sh.
    consistency : A, on top of T.
    """

    flip: bool = True  # --mirror_augment
    average_memory: float = Field(default=0.04, gt=0)  # 0.9999 in each of 250,000 rounds
    average_start: float = Field(default=0.004, ge=0, le=1)  # round 1,000 of 250,000
    policy: tuple[AugmentationName, ...] = ("translation", "cutout")  # --DiffAugment
    consistency_weight: float = Field(default=0.0, ge=0)  # --CR
    consistency: tuple[AugmentationName, ...] = ("flip", "translation")  # --CR_augment


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; fake labels are drawn evenly."""
    frame = Biggan(settings, shape, classes if settings.conditional else 0)
    loss, policy = frame.loss, settings.policy

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        stream = draws["augmentation"]
        real, labels, fake = frame.see(players, batch, draws, memory)
        seen = augment(real, policy, stream)
        pairs = [(seen, labels), (augment(fake.images, policy, stream), fake.labels)]
        if settings.consistency_weight:
            pairs.append((augment(seen, settings.consistency, stream), labels))
        true, false, *again = frame.scores(players["discriminator"], *pairs)
        losses = {"real": loss.true(true), "fake": loss.false(false)}
        if again:
            apart = F.mse_loss(again[0].float(), true.float())
            losses["consistency"] = settings.consistency_weight * apart
        return Terms(losses)

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        made = frame.make(players, memory["count"], draws)
        seen = augment(made.images, policy, draws["augmentation"])
        scores = players["discriminator"](seen, made.labels)
        return Terms({"adversarial": loss.generator(scores)})

    discriminator = Discriminator(frame.trunk(), frame.label_size)
    return frame.game(discriminator, discriminator_terms, generator_terms)
