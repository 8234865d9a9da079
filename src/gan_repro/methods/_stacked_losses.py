"""What Stacked GAN and its end-to-end baseline share: settings, nets, and the three losses.

Huang et al. 2017 (arXiv 1612.04357). Where the paper's equations and its CIFAR-10 code differ, the
code's way is the default (xunhuang1995/SGAN e235644, cifar/train_gan0.py, train_joint.py).
"""

from typing import Literal, Self

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from gan_repro.game import Adam
from gan_repro.images import ImageShape
from gan_repro.kinds import Spec
from gan_repro.losses import (
    class_certainty,
    class_cross_entropy,
    minimax_fake,
    minimax_generator,
    minimax_real,
)
from gan_repro.nets.stacked_discriminators import FeatureDiscriminator, image_discriminator
from gan_repro.nets.stacked_encoder import Encoder
from gan_repro.nets.stacked_generators import FeatureGenerator, ImageGenerator, Style

Losses = dict[str, Tensor]
THRESHOLDS = ((0.65, 1), (0.5, 3), (0.3, 5), (float("-inf"), 7))
"""G learns so often where D's adversarial loss is above: cifar/train_gan0.py."""


class StackedSettings(Spec):
    """Sizes, weights and readings; defaults are those of CIFAR-10's code.

    encoder : the instrument whose network is inverted, of ``encoder_widths``, ``encoder_top`` and
        ``encoder_outputs`` (null: the classes).
    networks : whose discriminators and generators, see nets/stacked_*.py.
    discriminator : ``classes``, K logits with the label's cross-entropy as in the code, or
        ``binary``, one logit as in the paper.
    generator_loss : ``saturating``, E[log(1 - D)] as in CIFAR-10's code, or ``non_saturating``,
        -E[log D] as in the paper and in MNIST's.
    image_entropy_weight : of the bottom level, where it is not ``entropy_weight``; the generator of
        Figures 2 (d) to 4 (d) has 0.
    paced : whether G's steps follow D's loss (``THRESHOLDS``); else one step each.
    labelled : whether labels are used at all; without, the top generator has no condition.
    """

    encoder: str = "stacked_encoder"
    encoder_widths: tuple[int, int] = (64, 128)
    encoder_top: int = Field(default=256, ge=1)
    encoder_outputs: int | None = Field(default=None, ge=2)
    networks: Style = "cifar10"
    generator_width: int = Field(default=256, ge=2)
    feature_generator_width: int = Field(default=512, ge=2)
    discriminator_width: int = Field(default=96, ge=1)
    feature_discriminator_width: int = Field(default=512, ge=1)
    image_noise: int = Field(default=16, ge=1)  # z0; 50 for MNIST
    feature_noise: int = Field(default=50, ge=1)  # z1
    discriminator: Literal["classes", "binary"] = "classes"
    generator_loss: Literal["saturating", "non_saturating"] = "saturating"
    adversarial_weight: float = Field(default=1.0, ge=0)  # lambda_1
    conditional_weight: float = Field(default=1.0, ge=0)  # lambda_2
    entropy_weight: float = Field(default=10.0, ge=0)  # lambda_3
    image_entropy_weight: float | None = Field(default=None, ge=0)
    class_weight: float = Field(default=1.0, ge=0)  # the code's; the paper has no such term
    paced: bool = True
    labelled: bool = True
    learning_rate: float = Field(default=1e-4, gt=0)  # nn.py
    beta1: float = Field(default=0.5, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)

    def adam(self) -> Adam:
        """Of every player; the code adds epsilon inside the square root, PyTorch outside."""
        return Adam(learning_rate=self.learning_rate, beta1=self.beta1, beta2=self.beta2)

    def of_level(self, level: str) -> Self:
        """The settings with the level's own weights."""
        if level != "image" or self.image_entropy_weight is None:
            return self
        return self.model_copy(update={"entropy_weight": self.image_entropy_weight})

    def outputs(self, classes: int) -> int:
        """Logits of a discriminator."""
        return classes if self.labelled and self.discriminator == "classes" else 1

    def noise_size(self, level: str) -> int:
        """Of the generator of a level."""
        return self.image_noise if level == "image" else self.feature_noise

    def encoder_net(self, shape: ImageShape, classes: int) -> Encoder:
        """The network that the instrument's weights fit."""
        outputs = self.encoder_outputs or classes
        return Encoder(shape, outputs, self.encoder_widths, self.encoder_top)

    def generator(self, level: str, made: tuple[int, ...], condition: int) -> nn.Module:
        """G of a level whose maps have the shape ``made``."""
        noise = self.noise_size(level)
        if level == "image":
            shape = ImageShape(*made)
            return ImageGenerator(noise, condition, shape, self.generator_width, self.networks)
        return FeatureGenerator(noise, condition, made, self.feature_generator_width, self.networks)

    def discriminator_net(
        self, level: str, made: tuple[int, ...], outputs: int, noise: int
    ) -> nn.Module:
        """D and Q of a level; Q recovers ``noise`` numbers."""
        if level == "image":
            shape, width = ImageShape(*made), self.discriminator_width
            return image_discriminator(shape, outputs, noise, width, self.networks)
        size = int(torch.Size(made).numel())
        width = self.feature_discriminator_width
        return FeatureDiscriminator(size, outputs, noise, width, self.networks)


def discriminator_losses(
    settings: StackedSettings,
    real: Tensor,
    fake: tuple[Tensor, Tensor],
    noise: Tensor,
    rows: Tensor | None,
) -> tuple[Losses, Tensor]:
    """L_D, and its adversarial part, by which G's steps are paced.

    real : logits of real maps; fake : logits and recovered noise of generated ones.
    rows : label rows (n, K) of the real ones where D is a classifier, else None.
    """
    valid, invalid = (
        0.5 * minimax_real(class_certainty(real)),
        0.5 * minimax_fake(class_certainty(fake[0])),
    )
    losses = {"real": valid, "fake": invalid}
    if rows is not None:
        losses["classes"] = settings.class_weight * class_cross_entropy(real, rows)
    if settings.entropy_weight:
        losses["entropy"] = settings.entropy_weight * F.mse_loss(fake[1].float(), noise)
    return losses, valid + invalid


def generator_losses(
    settings: StackedSettings,
    fake: tuple[Tensor, Tensor],
    noise: Tensor,
    recovered: Tensor | None,
    condition: Tensor | None,
    names_class: bool,
) -> Losses:
    """L_G of one level: adversarial, conditional and entropy.

    recovered : what the encoder makes of the generated map one level above, which should be the
        ``condition``: class logits where it ``names_class``, features else.
    """
    score = class_certainty(fake[0])
    saturates = settings.generator_loss == "saturating"
    adversarial = -minimax_fake(score) if saturates else minimax_generator(score)
    losses = {"adversarial": settings.adversarial_weight * adversarial}
    if recovered is not None and condition is not None:
        distance = class_cross_entropy if names_class else _squared
        losses["conditional"] = settings.conditional_weight * distance(recovered, condition)
    if settings.entropy_weight:
        losses["entropy"] = settings.entropy_weight * F.mse_loss(fake[1].float(), noise)
    return losses


def _squared(recovered: Tensor, condition: Tensor) -> Tensor:
    return F.mse_loss(recovered.float(), condition.float())


def steps(adversarial: Tensor) -> int:
    """How often G learns after a step of D with that adversarial loss."""
    loss = float(adversarial)
    return next(count for least, count in THRESHOLDS if loss > least)
