"""How often an image's 1st, 2nd and 5th nearest neighbour by L1 distance of features has its class.

Durall et al. 2021 (arXiv 2012.08803), table 2. The pool that neighbours are looked for in decides
the numbers: among 64 images of ten classes, a query has only about five others of its class.
"""

import numpy as np
from pydantic import Field

from gan_repro.distances import l1_distances
from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference
from gan_repro.randomness import numpy_generator

NAMES = ("neighbour_1", "neighbour_2", "neighbour_5", "neighbour_chance")
RANKS = (1, 2, 5)
LEAST = 6  # a query and five others
DISTANCES_AT_ONCE = 4_000_000


class Settings(Spec):
    """pool : images a pool; None for all at once.

    queries : at most so many, of all pools together; None for every image. ``seed`` draws both.
    """

    pool: int | None = Field(default=None, ge=LEAST)
    queries: int | None = Field(default=None, ge=1)
    seed: int = 0


def least_samples(settings: Settings) -> int:
    """Without samples, the reference's images are looked at."""
    return 0


def compute(
    settings: Settings, features: Features | None, reference: Reference
) -> dict[str, float]:
    """Shares, in [0, 1], of queries; of the samples' features (n, d), or the reference's.

    ``neighbour_chance`` is the share that a neighbour drawn at random from the pool would have.
    Others at the same distance share a place: each of them counts by one over their number.

    Raises
    ------
    EvaluationError
        When images have no classes, or are fewer than a pool.
    """
    # no samples are None, or empty beside a protocol that scores some
    seen, labels = (
        (features, features.labels) if features else (reference.features, reference.labels)
    )
    classes = _classes(labels)
    pools = _pools(settings, len(seen))
    found = []
    for pool, asked in zip(pools, _asked(settings, pools.shape), strict=True):
        rows, kinds = seen.pooled[pool], classes[pool]
        queries, step = np.flatnonzero(asked), max(1, DISTANCES_AT_ONCE // len(pool))
        for start in range(0, len(queries), step):
            found.append(_agreement(rows, kinds, queries[start : start + step]))
    means = np.concatenate(found).mean(axis=0)
    return dict(zip(NAMES, means.tolist(), strict=True))


def _classes(labels: np.ndarray | None) -> np.ndarray:
    if labels is None or labels.ndim != 1:
        what = "no labels" if labels is None else f"label rows of shape {labels.shape}"
    elif missing := int((labels == MISSING).sum()):
        what = f"{missing} of {len(labels)} labels missing"
    else:
        return labels
    raise EvaluationError(
        f"neighbours: images have {what}, expected one class each. Score real images that have "
        "classes, or set the protocol's samples to 0, which looks at the reference."
    )


def _pools(settings: Settings, count: int) -> np.ndarray:
    """Places of images (pools, size), each at most once."""
    size = settings.pool or max(count, LEAST)
    if count < size:
        raise EvaluationError(
            f"neighbours: a pool needs {size} images, but there are {count}. Raise the protocol's "
            f"samples or reference_count, or lower the metric's pool (at least {LEAST})."
        )
    if settings.pool is None:
        return np.arange(count)[None]
    order = numpy_generator(settings.seed, "neighbours/pools").permutation(count)
    return order[: count // size * size].reshape(-1, size)


def _asked(settings: Settings, shape: tuple[int, ...]) -> np.ndarray:
    """Which images of the pools (pools, size) are queries."""
    total = int(np.prod(shape))
    order = numpy_generator(settings.seed, "neighbours/queries").permutation(total)
    asked = np.zeros(total, dtype=bool)
    asked[order[: settings.queries]] = True
    return asked.reshape(shape)


def _agreement(rows: np.ndarray, classes: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The shares (q, names) of some of a pool's rows, which are given by their places."""
    distances = l1_distances(rows[queries], rows)
    distances[np.arange(len(queries)), queries] = np.inf
    same = classes[queries, None] == classes
    places = np.subtract(RANKS, 1)
    at_rank = np.partition(distances, places, axis=1)[:, places]
    shares = []
    for radius in at_rank.T:
        there = distances == radius[:, None]
        shares.append((there & same).sum(axis=1) / there.sum(axis=1))
    return np.stack([*shares, (same.sum(axis=1) - 1) / (len(rows) - 1)], axis=1)
