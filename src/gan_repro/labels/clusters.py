"""Clusters of an extractor's features, found without labels (JGAN section 2 names k-means)."""

from typing import Any

import numpy as np
from pydantic import Field, field_validator

from gan_repro import weak_labels
from gan_repro.errors import ConfigurationError
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Reference, unsupervised

STARTS = 10
"""Ours: of so many first centres, the best are kept."""


class Settings(Spec):
    """clusters : how many, and so how many values a label has."""

    extractor: str = "efficientnet_lite0_112"
    clusters: int = Field(default=10, ge=2)
    seed: int = Field(default=0, ge=0, lt=2**32)

    _unsupervised = field_validator("extractor")(unsupervised)


def size(settings: Settings, classes: int) -> int:
    """The values of a label."""
    return settings.clusters


def make(settings: Settings, images: ImageSet, seen: Reference) -> LabelSet:
    """The number of each image's cluster, int64 (n,) in [0, clusters).

    Mini-batch k-means (Sculley 2010) on the pooled features as they are.

    Raises
    ------
    ConfigurationError
        When there are fewer images than clusters.
    """
    from sklearn.cluster import MiniBatchKMeans

    weak_labels.check_view("clusters", settings.extractor, images, seen)
    if settings.clusters > len(images):
        raise ConfigurationError(
            f"labels.clusters: clusters is {settings.clusters}, but there are {len(images)} "
            "images; expected at most one cluster an image. Ask for fewer."
        )
    means = MiniBatchKMeans(settings.clusters, n_init=STARTS, random_state=settings.seed)
    given = means.fit_predict(seen.features.pooled).astype(np.int64)
    found = {
        "cluster_sizes": np.bincount(given, minlength=settings.clusters).tolist(),
        "inertia": float(means.inertia_),
        **_agreement(weak_labels.known_labels(images), given),
    }
    return weak_labels.label_set(
        "clusters", settings, images, given, settings.clusters, seen, found
    )


def _agreement(clean: np.ndarray | None, given: np.ndarray) -> dict[str, Any]:
    """Normalised mutual information, and purity: the share of images of their cluster's main class.

    Both None where clean labels are not known.
    """
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    if clean is None:
        return {"normalised_mutual_information": None, "purity": None}
    counts = contingency_matrix(clean, given)  # classes x clusters
    return {
        "normalised_mutual_information": float(normalized_mutual_info_score(clean, given)),
        "purity": float(counts.max(axis=0).sum() / len(given)),
    }
