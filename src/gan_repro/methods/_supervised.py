"""What methods share that train one classifier with the labels that are given."""

from torch import Tensor
from torch.nn import functional as F

from gan_repro.game import Batch, Clock, Draws, Memory, Players, Terms, TermsFunction
from gan_repro.images import MISSING


def classification(name: str) -> TermsFunction:
    """The terms of the classifier called ``name``."""

    def terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """Mean cross-entropy over the images whose label is given; observed: their accuracy."""
        assert batch is not None
        _, logits = players[name](batch.images)
        entropy = cross_entropy(logits, batch.labels)
        return Terms({"cross_entropy": entropy}, observed(logits, batch))

    return terms


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
