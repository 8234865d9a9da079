"""Some of the classes, numbered anew; images of other classes have no label.

For a model that is one of several on a few classes each, as Odena, Olah and Shlens 2017 (arXiv
1610.09585) split ImageNet: 100 models of 10 classes. How they grouped classes is not in the text.
"""

from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from gan_repro import weak_labels
from gan_repro.errors import ConfigurationError, DataError
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Reference
from gan_repro.randomness import numpy_generator

MOST_STEPS = 100


class Settings(Spec):
    """group : which of ``groups`` groups of classes, from 0 on.

    by : what classes of a group have in common: ``order``, their place among the classes (of
        ImageNet the order of WordNet ids, in which like things often stand together); ``features``,
        mean features of the ``extractor`` that lie near each other; ``random``, nothing.
    seed : of ``random`` groups, and of the first centres for ``features``.

    Groups differ by at most one class in size; the first ones are the larger ones.
    """

    groups: int = Field(ge=1)
    group: int = Field(ge=0)
    by: Literal["order", "features", "random"] = "order"
    extractor: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _fitting(self) -> "Settings":
        if self.group >= self.groups:
            raise ValueError(f"group: of {self.groups} groups, got {self.group}, counted from 0")
        if (self.by == "features") != bool(self.extractor):
            raise ValueError(
                f"extractor: needed to group by features, and only then; by is {self.by!r} and the "
                f"extractor {self.extractor!r}"
            )
        return self


def sizes(groups: int, classes: int) -> list[int]:
    """How many classes each group has.

    >>> sizes(3, 10)
    [4, 3, 3]
    """
    return [len(part) for part in np.array_split(np.arange(classes), groups)]


def size(settings: Settings, classes: int) -> int:
    """The classes of the group.

    Raises
    ------
    ConfigurationError
        When there are more groups than classes.
    """
    if settings.groups > classes:
        raise ConfigurationError(
            f"labels.class_subset: {settings.groups} groups were asked for, but there are "
            f"{classes} classes; expected at least one class a group. Ask for fewer groups."
        )
    return sizes(settings.groups, classes)[settings.group]


def make(settings: Settings, images: ImageSet, seen: Reference | None = None) -> LabelSet:
    """The place of an image's class in its group, int64 (n,), or ``MISSING``.

    The manifest's ``classes`` are the group's, in the order of their new numbers.

    Raises
    ------
    ConfigurationError
        When there are more groups than classes.
    DataError
        When an image has no class, or the view of the images is not the extractor's.
    """
    count = size(settings, images.classes)
    clean = weak_labels.known_labels(images)
    if clean is None:
        raise DataError(
            "labels.class_subset: some images have no class, or soft labels; expected one class "
            "an image. Start from the data set's own, complete labels."
        )
    rows = None
    if settings.by == "features":
        weak_labels.check_view("class_subset", str(settings.extractor), images, seen)
        assert seen is not None
        rows = class_means(seen.features.pooled, clean, images.classes)
    chosen = members(settings, images.classes, rows)
    places = np.full(images.classes, MISSING, dtype=np.int64)
    places[chosen] = np.arange(count)
    found: dict[str, Any] = {
        "classes": chosen.tolist(),
        "names": [images.names[c] for c in chosen] if images.names else [],
        "labelled": int(np.isin(clean, chosen).sum()),
    }
    return weak_labels.label_set(
        "class_subset", settings, images, places[clean], count, seen, found
    )


def members(settings: Settings, classes: int, means: np.ndarray | None = None) -> np.ndarray:
    """The classes of the group, rising, int64.

    means : float (classes, d), a row a class, where they are grouped by features.
    """
    order = np.arange(classes)
    if settings.by == "random":
        order = numpy_generator(settings.seed, "labels/class_subset").permutation(classes)
    if settings.by == "features":
        assert means is not None
        nearest = clusters(means, sizes(settings.groups, classes), settings.seed)
        return np.flatnonzero(nearest == settings.group)
    return np.sort(np.array_split(order, settings.groups)[settings.group])


def class_means(rows: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """The mean row of each class, float64 (count, d)."""
    return np.stack([rows[classes == c].mean(axis=0, dtype=np.float64) for c in range(count)])


def clusters(means: np.ndarray, wanted: list[int], seed: int) -> np.ndarray:
    """k-means into clusters of given sizes: the cluster of each row (n,).

    Each step gives the rows to the centres at the least sum of squared distances that the sizes
    allow (Hungarian method), then moves the centres.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import kmeans_plusplus

    centres, _ = kmeans_plusplus(means, len(wanted), random_state=seed)
    slots = np.repeat(np.arange(len(wanted)), wanted)
    given = np.full(len(means), -1)
    for _ in range(MOST_STEPS):
        distances = ((means[:, None] - centres[slots]) ** 2).sum(axis=2)
        rows, chosen = linear_sum_assignment(distances)
        before, given = given, slots[chosen][np.argsort(rows)]
        if np.array_equal(before, given):
            break
        centres = np.stack([means[given == c].mean(axis=0) for c in range(len(wanted))])
    return given
