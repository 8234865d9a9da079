"""Self-labeling and self-attention: one GAN for any share of labels, from none to all.

L_C = H[c, C(A(G(z, c)))]  (eq. 1: cross-entropy; G gets no gradient of it)
y^ = argmax_i C_i(alpha(x)),  p = softmax(C(alpha(x)))_y^  by the teacher's moving average (2, 3)
L_D = L_D^U + L_D^C,  L_G = L_G^U + L_G^C  (5);  U: GAN losses of an image alone (6, 7)
L_D^C = -E_labelled[log P(real, y | x)] - E_no label and p >= Th[log P(real, y^ | x)]
        - E[log P(fake, c | G(z, c))]  (9);  L_G^C = -E[log P(real, c | G(z, c))]  (8)
Watanabe and Favaro 2021 (arXiv 2106.09914). The logarithms are BigGAN's hinge losses by default.
There is no published code: what the paper leaves open stands in the settings, see the docs.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from gan_repro.augmentation import AugmentationName, augment
from gan_repro.errors import ConfigurationError
from gan_repro.game import (
    Adam,
    Average,
    Batch,
    Clock,
    Draws,
    Follower,
    Game,
    Memory,
    Players,
    Terms,
)
from gan_repro.images import MISSING, ImageShape
from gan_repro.methods._biggan import Biggan, BigganSettings
from gan_repro.methods._labelling import (
    Labelled,
    MeanName,
    conditional_loss,
    labelled,
    masked_means,
    observed,
)
from gan_repro.nets.biggan import Classifier, HeadName, Trunk, TwoHeadedDiscriminator

CITATION = (
    "Watanabe and Favaro, A Unified Generative Adversarial Network Training via Self-Labeling and "
    "Self-Attention, ICML 2021"
)


class Settings(BigganSettings):
    """Settings of self-labeling. The paper states none of its numbers: all defaults are guesses.

    conditional : whether there is a conditional loss at all; table 1 (A) has none.
    feeds_classes : whether the generator is given classes where there is no conditional loss.
    artificial : which images artificial labels are used on, where reliable: those ``unlabelled``
        (eq. 9), ``all``, beside a real label too (table 3 (C)), or ``none`` (table 3 (B)).
    real_labels : whether real labels are used where given; table 3 (A) uses none.
    threshold : Th, the least reliability of a label that is used; 0 uses all (table 1 (B)).
    real_mean : what eq. 9's expectations over real images divide by, see ``_labelling``.
    head : the form of P(real, y | x), see ``nets/biggan``.
    teacher_memory : of the teacher's moving average, as a share of the run.
    weak, strong : augmentations before the teacher labels real images (alpha), and of the generated
        images that it learns on (A). Mirrored digits are other digits: leave ``flip`` out there.
    """

    artificial_classes: int = Field(default=10, ge=2)  # K: figure 2 shows ten groups
    feeds_classes: bool = True
    artificial: Literal["unlabelled", "all", "none"] = "unlabelled"
    real_labels: bool = True
    threshold: float = Field(default=0.95, ge=0, le=1)  # Th
    real_mean: MeanName = "each"
    head: HeadName = "projection"
    teacher_width: int = Field(default=256, ge=1)
    teacher_learning_rate: float = Field(default=2e-4, gt=0)
    teacher_beta1: float = Field(default=0.9, ge=0, lt=1)  # Adam's own: it is a classifier
    teacher_memory: float = Field(default=0.008, gt=0)  # 0.999 in each of 125,000 rounds
    weak: tuple[AugmentationName, ...] = ("flip", "shift")  # "close to the identity"
    strong: tuple[AugmentationName, ...] = ("colour", "translation", "cutout")

    @property
    def labels_images(self) -> bool:
        """Whether there is a teacher."""
        return self.conditional and self.artificial != "none"


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator``, ``discriminator``, ``teacher`` and its average, the ``labeller``.

    Raises
    ------
    ConfigurationError
        When there are more classes than artificial ones: real labels share them.
    """
    size = settings.artificial_classes
    if classes > size and settings.conditional and settings.real_labels:
        raise ConfigurationError(
            f"self_labeling: artificial_classes is {size}, but labels have {classes} entries; "
            f"expected at least as many, since real and artificial labels share classes. Set "
            f"artificial_classes to {classes} or more, or real_labels to false."
        )
    fed = settings.conditional or settings.feeds_classes
    frame = Biggan(settings, shape, size if fed else 0)
    discriminator = TwoHeadedDiscriminator(frame.trunk(), size, settings.head)
    losses = _Losses(settings, frame)
    if not settings.labels_images:
        return frame.game(discriminator, losses.discriminator_terms, losses.generator_terms)
    teacher, labeller = _teacher(settings, shape, frame), _teacher(settings, shape, frame)
    game = frame.game(
        discriminator, losses.discriminator_terms, losses.generator_terms, teacher=teacher
    )
    optimiser = Adam(learning_rate=settings.teacher_learning_rate, beta1=settings.teacher_beta1)
    game.players["labeller"] = labeller
    game.optimisers = {**game.optimisers, "teacher": optimiser}
    game.followers = {"labeller": Follower("teacher", Average(memory=settings.teacher_memory))}
    game.published = ("generator", "labeller")
    game.labeller = probabilities
    return game


def _teacher(settings: Settings, shape: ImageShape, frame: Biggan) -> Classifier:
    """C: the discriminator's trunk without spectral norm and with mean pooling (our choice)."""
    width = settings.teacher_width
    trunk = Trunk(shape, width, frame.lineage, layer=_as_it_is, mean=True)
    return Classifier(trunk, settings.artificial_classes, layer=_as_it_is)


def _as_it_is(layer: nn.Module) -> nn.Module:
    return layer


def probabilities(players: Players, images: Tensor) -> Tensor:
    """softmax(C(x)) by the teacher's moving average, (n, K), of images in [-1, 1]."""
    logits: Tensor = players["labeller"](images)
    return logits.float().softmax(dim=1)


@dataclass(frozen=True)
class _Losses:
    """The terms of both turns."""

    settings: Settings
    frame: Biggan

    def discriminator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """L_D (eqs 5, 6 and 9), and the teacher's L_C (eq. 1) on the same generated images."""
        assert batch is not None
        if not self.settings.real_labels:
            batch = replace(batch, labels=torch.full_like(batch.index, MISSING))
        loss = self.frame.loss
        real, labels, fake = self.frame.see(players, batch, draws, memory)
        true, false = self.frame.together(players["discriminator"], real, fake.images)
        losses = {"real": loss.true(true.unconditional), "fake": loss.false(false.unconditional)}
        if not self.settings.conditional:
            return Terms(losses)
        assert labels is not None
        assert fake.labels is not None
        each = conditional_loss(self.settings.head, loss)
        found = self.label(players, real, draws) if self.settings.labels_images else None
        losses |= self.real_losses(true.conditional, labels, found)
        losses["fake_class"] = each.fake(false.conditional, fake.labels).mean()
        if found is None:
            return Terms(losses)
        seen = augment(fake.images, self.settings.strong, draws["augmentation"])
        logits = players["teacher"](seen).float()
        losses["teacher"] = F.cross_entropy(logits, fake.labels)
        right = logits.argmax(dim=1) == fake.labels.argmax(dim=1)
        watched = observed(found, self.settings.artificial_classes, self.settings.threshold)
        return Terms(losses, {**watched, "teacher_accuracy": right.float().mean()})

    def generator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """L_G (eqs 5, 7 and 8): the same images before both heads."""
        made = self.frame.make(players, memory["count"], draws)
        judged = players["discriminator"](made.images)
        losses = {"adversarial": self.frame.loss.generator(judged.unconditional)}
        if self.settings.conditional:
            each = conditional_loss(self.settings.head, self.frame.loss)
            assert made.labels is not None
            losses["class"] = each.generator(judged.conditional, made.labels).mean()
        return Terms(losses)

    @torch.no_grad()
    def label(self, players: Players, real: Tensor, draws: Draws) -> Labelled:
        """Artificial labels of weakly augmented real images (eqs 2 and 3)."""
        seen = augment(real, self.settings.weak, draws["augmentation"])
        return labelled(probabilities(players, seen))

    def real_losses(
        self, output: Tensor, labels: Tensor, found: Labelled | None
    ) -> dict[str, Tensor]:
        """Eq. 9's terms on real images: with a real label, and with a reliable artificial one.

        output : of the conditional head, (n, K or 2K); labels : rows (n, K), zeros where missing.
        """
        settings = self.settings
        real = conditional_loss(settings.head, self.frame.loss).real
        given = labels.sum(dim=1) > 0
        if found is None:
            counted, rows = torch.zeros_like(given), torch.zeros_like(labels)
        else:
            counted = found.reliability >= settings.threshold
            rows = F.one_hot(found.classes, settings.artificial_classes).float()
        if settings.artificial == "unlabelled":
            counted = counted & ~given
        each = (real(output, labels), real(output, rows))
        by_label, by_guess = masked_means(each, (given, counted), settings.real_mean)
        return {"real_class": by_label, "real_artificial": by_guess}
