"""Images as an extractor might see them, with features that a test chose."""

import numpy as np

from gan_repro.images import ImageSet
from gan_repro.measuring import Features, Reference, moments


def image_set(labels: np.ndarray, classes: int = 10) -> ImageSet:
    """Black images, 8 x 8, with these labels."""
    return ImageSet(np.zeros((len(labels), 1, 8, 8), dtype=np.uint8), labels, classes)


def view(
    images: ImageSet, extractor: str, pooled: np.ndarray, logits: np.ndarray | None = None
) -> Reference:
    """A reference of ``images`` whose features are the given ones."""
    return Reference(
        extractor=extractor,
        extractor_sha256="0" * 64,
        dataset="digits",
        split="train",
        shape=images.shape,
        classes=images.classes,
        features=Features(pooled.astype(np.float32), logits),
        moments=moments(pooled),
        labels=images.labels,
    )
