"""Discriminator and generator losses, side by side in one shape: scores in, a scalar out."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch.nn.functional as F
from torch import Tensor

Score = Callable[[Tensor], Tensor]


def hinge_real(scores: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] over real scores (n,). SN-GAN (Miyato et al. 2018), eq. 16."""
    return F.relu(1.0 - scores.float()).mean()


def hinge_fake(scores: Tensor) -> Tensor:
    """E[max(0, 1 + D(G(z)))] over fake scores (n,). SN-GAN, eq. 16."""
    return F.relu(1.0 + scores.float()).mean()


def hinge_generator(scores: Tensor) -> Tensor:
    """-E[D(G(z))] over fake scores (n,). SN-GAN, eq. 17."""
    return -scores.float().mean()


def minimax_real(scores: Tensor) -> Tensor:
    """-E[log sigmoid(D(x))] over real scores (n,). GAN (Goodfellow et al. 2014), eq. 1."""
    return F.softplus(-scores.float()).mean()


def minimax_fake(scores: Tensor) -> Tensor:
    """-E[log(1 - sigmoid(D(G(z))))] over fake scores (n,). GAN, eq. 1."""
    return F.softplus(scores.float()).mean()


def minimax_generator(scores: Tensor) -> Tensor:
    """-E[log sigmoid(D(G(z)))] over fake scores (n,): the form of GAN's section 3."""
    return F.softplus(-scores.float()).mean()


def wasserstein_real(scores: Tensor) -> Tensor:
    """-E[D(x)] over real scores (n,). WGAN (Arjovsky et al. 2017), algorithm 1, line 5."""
    return -scores.float().mean()


def wasserstein_fake(scores: Tensor) -> Tensor:
    """E[D(G(z))] over fake scores (n,). WGAN, algorithm 1, line 5."""
    return scores.float().mean()


def wasserstein_generator(scores: Tensor) -> Tensor:
    """-E[D(G(z))] over fake scores (n,). WGAN, algorithm 1, line 10."""
    return -scores.float().mean()


def class_certainty(logits: Tensor) -> Tensor:
    """l = log sum exp of logits (n, K): the score (n,) of an image whose sigmoid is D.

    Salimans et al. 2016 (arXiv 1606.03498), section 5: a fake is class K + 1, whose logit is 0.
    """
    return logits.float().logsumexp(dim=1)


def class_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-E[sum_c t_c log softmax(logits)_c] over the rows that have a label.

    logits, targets : (n, classes); a target row is a one-hot or soft label, or all zeros where
        no label is given; such rows don't count. 0 if no row has one.
    """
    given = targets.sum(dim=1).gt(0).sum().clamp(min=1)
    return F.cross_entropy(logits.float(), targets.float(), reduction="sum") / given


class AdversarialLoss(NamedTuple):
    """A discriminator's loss on true and on false scores (n,), and the generator's on its own."""

    true: Score
    false: Score
    generator: Score


AdversarialName = Literal["minimax", "hinge"]
ADVERSARIAL: dict[AdversarialName, AdversarialLoss] = {
    "minimax": AdversarialLoss(minimax_real, minimax_fake, minimax_generator),
    "hinge": AdversarialLoss(hinge_real, hinge_fake, hinge_generator),
}
"""Losses that a method may leave to its settings."""
