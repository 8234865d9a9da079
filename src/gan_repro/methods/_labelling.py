"""What self-labeling makes of images whose label nobody gave, and the conditional loss on it.

Watanabe and Favaro 2021 (arXiv 2106.09914), eqs 2, 3, 4, 8 and 9.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_repro.losses import AdversarialLoss
from gan_repro.nets.biggan import HeadName

BINS = 10
MeanName = Literal["each", "together", "batch"]
PerImage = Callable[[Tensor, Tensor], Tensor]


class Labelled(NamedTuple):
    """What a teacher says of n images.

    classes : int64 (n,), the likeliest of K artificial classes (eq. 2).
    reliability : float (n,), the probability of it, p_c in [1 / K, 1] (eq. 3).
    """

    classes: Tensor
    reliability: Tensor


def labelled(probabilities: Tensor) -> Labelled:
    """probabilities : (n, K), each row a softmax."""
    reliability, classes = probabilities.max(dim=1)
    return Labelled(classes, reliability)


class ConditionalLoss(NamedTuple):
    """Losses (n,) of the head's output (n, K or 2K) at label rows (n, K), image by image.

    real, fake : the discriminator's; generator : the generator's own.
    """

    real: PerImage
    fake: PerImage
    generator: PerImage


def conditional_loss(head: HeadName, loss: AdversarialLoss) -> ConditionalLoss:
    """P(real, y | x) and P(fake, c | x) of eqs 4 and 8, for a form of the head.

    ``projection``, ``logits``: the adversarial loss of the score s(x, y), as in cGANs;
    ``joint``: the cross-entropy of one softmax over real and fake images of each class.
    """
    if head == "joint":
        return ConditionalLoss(_softmax(real=True), _softmax(real=False), _softmax(real=True))
    return ConditionalLoss(*(_of_score(part) for part in loss))


def _of_score(part: Callable[[Tensor], Tensor]) -> PerImage:
    each = torch.vmap(part)  # the mean over one score is the score's own loss

    def losses(output: Tensor, rows: Tensor) -> Tensor:
        return each((rows * output).sum(dim=1))

    return losses


def _softmax(real: bool) -> PerImage:
    def losses(output: Tensor, rows: Tensor) -> Tensor:
        logs = output.float().log_softmax(dim=1)
        half = logs[:, : rows.shape[1]] if real else logs[:, rows.shape[1] :]
        return -(rows * half).sum(dim=1)

    return losses


def masked_means(
    losses: tuple[Tensor, Tensor], masks: tuple[Tensor, Tensor], mean: MeanName
) -> tuple[Tensor, Tensor]:
    """Eq. 9's two expectations over real images: with a real and with an artificial label.

    losses : (n,) each; masks : bool (n,) each, which images count.
    mean : ``each`` divides by the images that count, in each term by its own; ``together`` by those
        of both terms; ``batch`` by n, so that a term fades in as more images count. A term in which
        no image counts is 0.
    """
    counts = [mask.sum() for mask in masks]
    if mean == "together":
        counts = [counts[0] + counts[1]] * 2
    if mean == "batch":
        counts = [torch.full_like(count, len(masks[0])) for count in counts]
    first, second = (
        (values * mask).sum() / count.clamp(min=1)
        for values, mask, count in zip(losses, masks, counts, strict=True)
    )
    return first, second


def observed(found: Labelled, classes: int, threshold: float) -> dict[str, Tensor]:
    """What a person watches: the share of reliable images, and the histograms of p_c and classes.

    return : ``kept``; ``reliability`` (the mean); ``reliability_0`` to ``reliability_9``, the
        shares of images whose p_c lies in each tenth of [0, 1]; ``class_0`` to ``class_{K-1}``, the
        shares of images of each artificial class.
    """
    tenths = found.reliability.mul(BINS).long().clamp(max=BINS - 1)
    heights = F.one_hot(tenths, BINS).float().mean(dim=0)
    use = F.one_hot(found.classes, classes).float().mean(dim=0)
    return {
        "kept": found.reliability.ge(threshold).float().mean(),
        "reliability": found.reliability.mean(),
        **{f"reliability_{i}": height for i, height in enumerate(heights)},
        **{f"class_{i}": share for i, share in enumerate(use)},
    }
