"""MHinge GAN: one discriminator tells K classes and fakes apart, by the multi-hinge loss.

With K + 1 logits a of an image, the last for "fake", and Crammer and Singer's loss
CS(a, t) = max(0, 1 + max_(j != t) a_j - a_t):

L_D = E[CS(a(x), y)] + E[CS(a(G(z, c)), fake)]
L_G = w_fm |E[phi(G(z, c))] - E[phi(x)]|_1 / width + w_mh E[CS(a(G(z, c)), c)]

An image without a label must only not be fake: max(0, 1 + a_fake - max_(j != fake) a_j). G makes
images of the z and c that D saw last, and x are D's last real images. Without labels all real
images are one class, K = 1: then CS is the hinge loss of a_real - a_fake.
Kavalerov, Czaja and Chellappa 2021 (arXiv 1912.04216); weights, and the loss without a label, are
those of ilyakava/BigGAN-PyTorch at 4392d09, train_fns.py, losses.py, launch_cifar_mhingegan.sh.
"""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._biggan import Biggan, BigganSettings, Made, Seen
from gan_repro.nets.biggan import Classifier

CITATION = (
    "Kavalerov, Czaja and Chellappa, A Multi-Class Hinge Loss for Conditional GANs, WACV 2021"
)
GUESSES = (
    "without labels the method is not defined; ours is K = 1, feature matching included",
    "features are summed over places, as BigGAN's",
    "the code sees generated images twice in G's turn, once for each term; ours once",
)


class Settings(BigganSettings):
    """BigGAN's settings, and the weights of the generator's terms.

    conditional : whether there are K classes, or one of all real images.
    """

    feature_weight: float = Field(default=1.0, ge=0)  # mh_fmloss_weight
    class_weight: float = Field(default=0.05, ge=0)  # mh_loss_weight


def multi_hinge(logits: Tensor, rows: Tensor) -> Tensor:
    """CS(a, t) of each image, (n,), in float32.

    logits : (n, K + 1), the last for "fake".
    rows : targets (n, K + 1): one-hot, or the probabilities of a soft label, which weight the
        losses of its classes. Zeros stand for "any class but fake".
    """
    a = logits.float()
    first, second = a.topk(2, dim=1).values.unbind(dim=1)
    others = torch.where(a == first[:, None], second[:, None], first[:, None])
    each = (1.0 + others - a).clamp(min=0.0)
    free = (1.0 + a[:, -1] - a[:, :-1].amax(dim=1)).clamp(min=0.0)
    return (rows * each).sum(dim=1) + (1.0 - rows.sum(dim=1)) * free


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; fake labels are drawn evenly."""
    frame = Biggan(settings, shape, classes if settings.conditional else 0)
    terms = _Terms(settings, frame)
    discriminator = Classifier(frame.trunk(), (frame.label_size or 1) + 1)
    return frame.game(discriminator, terms.discriminator_terms, terms.generator_terms)


@dataclass(frozen=True)
class _Terms:
    """The terms of both turns."""

    settings: Settings
    frame: Biggan

    def discriminator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """L_D, and the share of labelled real images whose class has the largest logit."""
        seen = memory["seen"] = self.frame.see(players, batch, draws, memory)
        true, false = self.frame.together(players["discriminator"], seen.real, seen.fake.images)
        rows = self.targets(seen.labels, true)
        fakes = torch.zeros_like(rows)
        fakes[:, -1] = 1.0
        losses = {"real": multi_hinge(true, rows).mean(), "fake": multi_hinge(false, fakes).mean()}
        return Terms(losses, {"accuracy": accuracy(true, rows)})

    def generator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """L_G on the z, the c and the real images of D's last step."""
        settings, seen, discriminator = self.settings, memory["seen"], players["discriminator"]
        assert isinstance(discriminator, Classifier)
        made = self.again(players, seen)
        found, wanted = self.frame.together(discriminator.trunk, made.images, seen.real)
        apart = (found.mean(dim=0) - wanted.mean(dim=0)).abs().mean()
        logits = discriminator.dense(found)
        right = multi_hinge(logits, self.targets(made.labels, logits)).mean()
        return Terms(
            {"features": settings.feature_weight * apart, "class": settings.class_weight * right}
        )

    def again(self, players: Players, seen: Seen) -> Made:
        """The generated images of D's last step anew, with a gradient to G."""
        inputs = {"latents": seen.fake.latents}
        if seen.fake.labels is not None:
            inputs["labels"] = seen.fake.labels
        return self.frame.made_of(players, inputs)

    def targets(self, labels: Tensor | None, logits: Tensor) -> Tensor:
        """Rows (n, K + 1) of labels (n, K); where there are none, all of one class."""
        rows = torch.zeros_like(logits, dtype=torch.float32)
        rows[:, :-1] = 1.0 if labels is None else labels
        return rows


def accuracy(logits: Tensor, rows: Tensor) -> Tensor:
    """The share of rows with a label whose likeliest class is that of the largest logit."""
    given = rows.sum(dim=1) > 0
    right = (logits.argmax(dim=1) == rows.argmax(dim=1)) & given
    return right.sum() / given.sum().clamp(min=1)
