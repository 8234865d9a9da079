"""A classifier of a data set's own images: one player, cross-entropy, Adam.

The suite's instrument for small images, where an ImageNet network sees little: Inception Score,
Frechet distance and label agreement are computed with its logits and pooled features.
"""

from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from gan_repro.game import Adam, Batch, Clock, Draws, Game, Memory, Players, Terms, Turn
from gan_repro.images import MISSING, ImageShape
from gan_repro.kinds import Spec
from gan_repro.nets.classifier import Classifier

CITATION = "The suite's own; no paper's method."
NAME = "classifier"


class Settings(Spec):
    """width : channels of the first convolutions; learning_rate, beta1, beta2 : Adam's."""

    width: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    beta1: float = 0.9
    beta2: float = 0.999


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of a classifier that learns alone."""
    adam = Adam(
        learning_rate=settings.learning_rate,
        beta1=settings.beta1,
        beta2=settings.beta2,
        decay="linear",
    )
    return Game(
        players={NAME: Classifier(shape.channels, classes, settings.width)},
        turns=(Turn(NAME, frozenset({NAME}), classification),),
        optimisers={NAME: adam},
        published=(NAME,),
        streams=(),
        only_labelled=True,
    )


def classification(
    players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
) -> Terms:
    """Mean cross-entropy over the images whose label is given; observed: their accuracy."""
    assert batch is not None
    _, logits = players[NAME](batch.images)
    return Terms({"cross_entropy": cross_entropy(logits, batch.labels)}, observed(logits, batch))


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean of -log p(label) in float32; ``MISSING`` labels don't count; 0 if all are."""
    if labels.is_floating_point():
        return F.cross_entropy(logits.float(), labels)
    total = F.cross_entropy(logits.float(), labels, ignore_index=MISSING, reduction="sum")
    return total / (labels != MISSING).sum().clamp(min=1)


def observed(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """The share of given labels that the largest logit names."""
    labels = batch.labels.argmax(dim=1) if batch.labels.ndim == 2 else batch.labels
    given = labels != MISSING
    right = (logits.argmax(dim=1) == labels) & given
    return {"accuracy": right.sum() / given.sum().clamp(min=1)}
