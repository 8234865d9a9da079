"""Neighbours that can be counted by hand, what the settings choose, and refusals."""

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_repro import distances
from gan_repro.errors import ConfigurationError, EvaluationError
from gan_repro.images import MISSING, ImageShape
from gan_repro.measuring import Features, Reference, moments
from gan_repro.metrics import convergence, neighbours
from gan_repro.protocols import read_protocols

N = 40
POOLED = np.random.default_rng(0).normal(size=(N, 7)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, N)


def reference(
    pooled: np.ndarray = POOLED, labels: np.ndarray = LABELS, logits: np.ndarray | None = None
) -> Reference:
    return Reference(
        "classifier", "", "digits", "test", ImageShape(1, 8, 8), 3,
        Features(pooled, logits), moments(pooled), labels,
    )  # fmt: skip


def found(seen: Features | None, real: Reference | None = None, **chosen: Any) -> list[float]:
    settings = neighbours.Settings(**chosen)
    return list(neighbours.compute(settings, seen, real or reference()).values())


def samples(labels: np.ndarray | None = LABELS, pooled: np.ndarray = POOLED) -> Features:
    return Features(pooled, None, labels)


def test_neighbours_on_a_line_are_counted_by_hand() -> None:
    """At 1, 2, 4, 8 ... the nearest are the one below, the one below that, ..., then those above.

    Of places that are in turn even and odd, every 1st neighbour is of the other kind, every 2nd
    of the same but for the second place's (the third), the 5th only of the second and fourth
    place (the sixth, for both).
    """
    line = np.float32(2.0 ** np.arange(10))[:, None]
    shares = found(samples(np.arange(10) % 2, line))
    assert shares == pytest.approx([0, 0.9, 0.2, 4 / 9])


def test_distances_are_l1() -> None:
    """From 0, (-3, 0) is nearer than (2, 2) by L1, and farther by L2."""
    pooled = np.float32([[0, 0], [-3, 0], [2, 2], [50, 0], [99, 0], [150, 0]])
    nearest = found(samples(np.array([0, 0, 1, 2, 3, 4]), pooled))[0]
    assert nearest == pytest.approx(2 / 6)  # the first two are each other's; by L2, 1 / 6


def test_without_samples_the_reference_is_looked_at() -> None:
    real = found(None)
    assert real == found(samples())
    # beside a protocol that scores samples, one that scores none gets the first 0 of them
    assert real == found(samples().first(0))
    others = samples(LABELS[::-1].copy())
    assert real != found(others)
    assert found(others, reference(labels=np.full(N, MISSING))) == found(others)


def test_a_pool_of_all_images_is_no_pool() -> None:
    assert found(None, pool=N) == pytest.approx(found(None))
    assert found(None, pool=N, seed=1) == pytest.approx(found(None))


def test_images_are_compared_within_their_pool_and_a_rest_is_left_out() -> None:
    alone = found(None, reference(labels=np.arange(N)), pool=8)
    assert alone == [0, 0, 0, 0]
    even = found(None, reference(labels=np.zeros(N, np.int64)), pool=9)
    assert even == [1, 1, 1, 1]
    assert found(None, pool=8) != found(None, pool=8, seed=1)
    assert found(None, pool=8) == found(None, pool=8)


def test_queries_are_as_many_as_asked_for_of_all_pools_together() -> None:
    for chosen in ({"pool": 8}, {}):
        few = found(None, queries=7, **chosen)
        assert np.multiply(few[:3], 7) == pytest.approx(np.multiply(few[:3], 7).round())
        assert few != found(None, queries=7, seed=5, **chosen)
        assert found(None, queries=N, **chosen) == found(None, queries=1000, **chosen)
        assert found(None, queries=N, **chosen) == found(None, **chosen)


def test_blocks_do_not_change_the_shares() -> None:
    """Of more distances, and of more features, than are taken at once."""
    pooled = np.random.default_rng(2).normal(size=(2100, 150)).astype(np.float32)
    labels = np.random.default_rng(3).integers(0, 3, 2100)
    assert len(pooled) ** 2 > neighbours.DISTANCES_AT_ONCE
    assert pooled.shape[1] > 2 * distances.COLUMNS_AT_ONCE
    at_once = cdist(pooled.astype(np.float64), pooled, "cityblock")
    np.fill_diagonal(at_once, np.inf)
    nearest = labels[np.argsort(at_once, axis=1)[:, [0, 1, 4]]]
    shares = (nearest == labels[:, None]).mean(axis=0)
    assert found(None, reference(pooled, labels))[:3] == pytest.approx(shares)


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        (None, "have no labels"),
        (np.eye(3, dtype=np.float32)[LABELS], r"have label rows of shape \(40, 3\)"),
        (np.where(np.arange(N) < 4, MISSING, LABELS), "have 4 of 40 labels missing"),
    ],
)
def test_images_without_classes_are_refused(labels: np.ndarray | None, what: str) -> None:
    with pytest.raises(EvaluationError, match=f"{what}, expected one class each"):
        found(samples(labels))


def test_fewer_images_than_a_pool_are_refused() -> None:
    with pytest.raises(EvaluationError, match="needs 41 images, but there are 40"):
        found(None, pool=N + 1)
    with pytest.raises(EvaluationError, match="needs 6 images, but there are 5"):
        found(None, reference(POOLED[:5], LABELS[:5]))


def protocol(**metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": "", "extractor": "classifier", "input_size": None, "resize": "none",
        "metrics": metrics, "samples": 0, "labels": "uniform", "sampling_seed": 0,
        "held": [], "group_size": 1,
        "snapshots": "last", "reference_split": "test", "reference_count": None,
        "rounding": "uint8", "batch_norm": "running", "averaged": False,
        "correlate": None, "settles": None,
    }  # fmt: skip


def test_settings_that_cannot_be_are_refused_before_any_work() -> None:
    assert read_protocols({"mine": protocol(neighbours={"pool": 6, "queries": 1})})
    with pytest.raises(ConfigurationError) as caught:
        read_protocols({
            "one": protocol(neighbours={"pool": 5, "queries": 0}),
            "two": protocol(convergence={}),
            "three": protocol(convergence={"share": 0}) | {"samples": 1},
        })  # fmt: skip
    said = str(caught.value)
    assert "one.metrics.neighbours: pool: Input should be greater than or equal to 6, got 5" in said
    assert "one.metrics.neighbours: queries: Input should be greater than or equal to 1" in said
    assert "two.metrics.convergence: needs 1 images; samples is 0" in said
    assert "three.metrics.convergence: share: Input should be greater than 0, got 0" in said


def test_a_classifier_that_tells_nothing_apart_cannot_say_what_converged() -> None:
    made = Features(POOLED, POOLED)
    settings = convergence.Settings()
    with pytest.raises(EvaluationError, match=r"all 40 images of .* the same answer"):
        convergence.compute(settings, made, reference(logits=np.ones((N, 3), np.float32)))
    for seen, real in ((made, reference()), (samples(), reference(logits=POOLED))):
        with pytest.raises(EvaluationError, match="does not classify"):
            convergence.compute(settings, seen, real)
