"""Discriminator and generator losses, side by side in one shape: scores in, a scalar out."""

import torch.nn.functional as F
from torch import Tensor


def hinge_real(scores: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] over real scores (n,). SN-GAN (Miyato et al. 2018), eq. 16."""
    return F.relu(1.0 - scores.float()).mean()


def hinge_fake(scores: Tensor) -> Tensor:
    """E[max(0, 1 + D(G(z)))] over fake scores (n,). SN-GAN, eq. 16."""
    return F.relu(1.0 + scores.float()).mean()


def hinge_generator(scores: Tensor) -> Tensor:
    """-E[D(G(z))] over fake scores (n,). SN-GAN, eq. 17."""
    return -scores.float().mean()


def wasserstein_real(scores: Tensor) -> Tensor:
    """-E[D(x)] over real scores (n,). WGAN (Arjovsky et al. 2017), algorithm 1, line 5."""
    return -scores.float().mean()


def wasserstein_fake(scores: Tensor) -> Tensor:
    """E[D(G(z))] over fake scores (n,). WGAN, algorithm 1, line 5."""
    return scores.float().mean()


def wasserstein_generator(scores: Tensor) -> Tensor:
    """-E[D(G(z))] over fake scores (n,). WGAN, algorithm 1, line 10."""
    return -scores.float().mean()


def class_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-E[sum_c t_c log softmax(logits)_c] over the rows that have a label.

    logits, targets : (n, classes); a target row is a one-hot or soft label, or all zeros where
        no label is given; such rows don't count. 0 if no row has one.
    """
    given = targets.sum(dim=1).gt(0).sum().clamp(min=1)
    return F.cross_entropy(logits.float(), targets.float(), reduction="sum") / given
