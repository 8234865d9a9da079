"""What must hold of the metrics whatever the features are, and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.images import ImageShape
from gan_repro.measuring import Features, Reference, moments
from gan_repro.metrics import accuracy, fid, inception_score, kid, precision_recall

seeds = st.integers(0, 2**32 - 1)


def reference(pooled: np.ndarray, logits: np.ndarray | None = None, labels=None) -> Reference:
    labels = np.zeros(len(pooled), np.int64) if labels is None else labels
    return Reference(
        "classifier", "0" * 64, "digits", "test", ImageShape(1, 8, 8), 4,
        Features(pooled, logits), moments(pooled), labels,
    )  # fmt: skip


def points(seed: int, n: int = 60, d: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def score(logits: np.ndarray, splits: int = 1) -> float:
    made = Features(np.zeros((len(logits), 1), np.float32), np.float32(logits))
    found = inception_score.compute(inception_score.Settings(splits=splits), made, None)
    return found["inception_score"]


@given(seeds, st.floats(0.1, 30))
@settings(max_examples=25, deadline=None)
def test_inception_score_lies_between_1_and_the_number_of_classes(seed: int, scale: float) -> None:
    assert 1 - 1e-9 <= score(points(seed, 40, 7) * scale) <= 7 + 1e-9


def test_inception_score_of_certain_and_even_answers_is_the_number_of_classes() -> None:
    assert score(np.tile(np.eye(4) * 200, (25, 1))) == pytest.approx(4)


def test_inception_score_of_one_answer_is_1() -> None:
    assert score(np.tile([[5.0, 1.0, 2.0]], (30, 1))) == pytest.approx(1)


def test_inception_score_groups_follow_the_order_of_the_samples() -> None:
    in_order = np.repeat(np.eye(4) * 200, 10, axis=0)
    assert score(in_order, splits=4) == pytest.approx(1)
    assert score(in_order, splits=1) == pytest.approx(4)


@given(seeds, seeds)
@settings(max_examples=25, deadline=None)
def test_fid_is_symmetric_and_not_negative(one: int, other: int) -> None:
    a, b = moments(points(one)), moments(points(other) * 2)
    there, back = fid.frechet_distance(a, b), fid.frechet_distance(b, a)
    assert there == pytest.approx(back, rel=1e-6, abs=1e-9)
    assert there > -1e-9


@given(seeds, st.floats(-20, 20))
@settings(max_examples=25, deadline=None)
def test_fid_of_shifted_features_is_the_squared_shift(seed: int, shift: float) -> None:
    a = points(seed).astype(np.float64)
    found = fid.frechet_distance(moments(a), moments(a + shift))
    assert found == pytest.approx(5 * shift**2, rel=1e-6, abs=1e-6)


@given(seeds, st.floats(0.2, 5))
@settings(max_examples=25, deadline=None)
def test_fid_of_scaled_centred_features(seed: int, scale: float) -> None:
    a = points(seed).astype(np.float64)
    a -= a.mean(axis=0)
    expected = (scale - 1) ** 2 * np.trace(np.cov(a, rowvar=False))
    found = fid.frechet_distance(moments(a), moments(a * scale))
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_kid_grows_with_the_distance_and_is_near_0_for_one_distribution() -> None:
    chosen = kid.Settings(subsets=10, subset_size=50)
    real = reference(points(0, 400))
    near, far = (
        kid.compute(chosen, Features(points(1, 400) + shift, None), real)["kid"]
        for shift in (np.float32(0), np.float32(1))
    )
    assert abs(near) < 0.1 * far
    assert far > 1


def test_kid_does_not_depend_on_what_was_computed_before() -> None:
    chosen, real = kid.Settings(subsets=3, subset_size=20), reference(points(0))
    made = Features(points(1), None)
    first = kid.compute(chosen, made, real)
    np.random.seed(5)
    assert kid.compute(chosen, made, real) == first


def clusters(seed: int, centres: list[int], each: int) -> np.ndarray:
    """Points around places far apart: real images of several kinds."""
    random = np.random.default_rng(seed)
    return np.concatenate(
        [random.normal([10.0 * c, 0, 0], 0.1, (each, 3)) for c in centres]
    ).astype(np.float32)


def precision_and_recall(made: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    found = precision_recall.compute(
        precision_recall.Settings(), Features(made, None), reference(real)
    )
    return found["precision"], found["recall"]


def test_a_collapsed_generator_is_precise_and_recalls_little() -> None:
    real = clusters(0, [0, 1, 2, 3, 4], 40)
    precision, recall = precision_and_recall(clusters(1, [2], 200), real)
    assert precision > 0.8
    assert recall < 0.25


def test_a_generator_of_everything_and_more_recalls_all_and_is_imprecise() -> None:
    real = clusters(0, [2], 200)
    precision, recall = precision_and_recall(clusters(1, [0, 1, 2, 3, 4], 40), real)
    assert precision < 0.25
    assert recall > 0.8


def test_accuracy_counts_the_answers_that_name_the_label() -> None:
    logits = np.float32([[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0], [9, 0, 0, 0]])
    real = reference(points(0, 4), logits, np.array([0, 1, 2, 3]))
    assert accuracy.compute(accuracy.Settings(), None, real) == {"accuracy": 0.75}
