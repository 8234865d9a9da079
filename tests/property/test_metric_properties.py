"""What must hold of the metrics whatever the features are, and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.images import ImageShape
from gan_repro.measuring import Features, Reference, moments
from gan_repro.metrics import (
    accuracy,
    border_effect,
    convergence,
    fid,
    group_diversity,
    inception_score,
    kid,
    neighbours,
    precision_recall,
)

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


def agreement(pooled: np.ndarray, labels: np.ndarray, **chosen: int) -> list[float]:
    """Shares for the ranks 1, 2 and 5, and chance."""
    seen = Features(np.float32(pooled), None, np.asarray(labels))
    return list(neighbours.compute(neighbours.Settings(**chosen), seen, None).values())


@given(st.integers(2, 6), st.integers(6, 20))
@settings(max_examples=25, deadline=None)
def test_neighbours_of_one_hot_features_all_agree(classes: int, each: int) -> None:
    labels = np.tile(np.arange(classes), each)
    chance = (each - 1) / (classes * each - 1)
    assert agreement(np.eye(classes)[labels], labels) == pytest.approx([1, 1, 1, chance])


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_neighbours_that_are_all_equally_near_agree_by_chance(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, 30)
    shares = [np.mean(np.delete(labels, i) == labels[i]) for i in range(30)]
    assert agreement(np.zeros((30, 2)), labels) == pytest.approx([np.mean(shares)] * 4)


@pytest.mark.parametrize("chosen", [{}, {"pool": 100}, {"pool": 500, "queries": 1500}])
def test_neighbours_know_nothing_of_random_labels(chosen: dict[str, int]) -> None:
    labels = np.random.default_rng(1).integers(0, 4, 2000)
    *found, chance = agreement(points(0, 2000), labels, **chosen)
    assert chance == pytest.approx(0.25, abs=0.01)
    assert found == pytest.approx([chance] * 3, abs=0.04)  # about four standard errors


@given(seeds, st.sampled_from([1, 100]))
@settings(max_examples=25, deadline=None)
def test_neighbours_do_not_depend_on_the_order_of_images(seed: int, levels: int) -> None:
    pooled = (points(seed) * levels).round()  # with few levels, many distances are the same
    labels = np.random.default_rng(seed).integers(0, 3, len(pooled))
    order = np.random.default_rng(seed).permutation(len(pooled))
    found = agreement(pooled, labels)
    assert all(0 <= share <= 1 for share in found)
    assert agreement(pooled[order], labels[order]) == pytest.approx(found)


def converged(made: np.ndarray, real: np.ndarray, share: float = 0.5) -> float:
    seen = Features(points(0, len(made)), np.float32(made))
    aim = reference(points(1, len(real)), np.float32(real))
    return convergence.compute(convergence.Settings(share=share), seen, aim)["converged"]


@pytest.mark.parametrize(("used", "expected"), [(1, 0.0), (2, 0.0), (3, 1.0), (4, 1.0)])
def test_of_four_classes_three_must_be_made(used: int, expected: float) -> None:
    sure = np.eye(4) * 200  # the score is the number of classes: 2.5 is half way from 1 to 4
    assert converged(np.tile(sure[:used], (12, 1)), np.tile(sure, (12, 1))) == expected


@given(seeds, st.floats(0.01, 1), st.floats(0.01, 1))
@settings(max_examples=25, deadline=None)
def test_what_reaches_a_share_reaches_any_lower_one(seed: int, one: float, other: float) -> None:
    made, real = points(seed, 40, 4) * 2, points(0, 40, 4) * 3
    low, high = sorted((one, other))
    assert converged(made, real, low) >= converged(made, real, high)
    assert converged(real, real, high) == 1.0


PLACES, SIDES = np.arange(20.0), np.repeat([0, 1], 10)  # of two classes, side by side on a line


def border_and_core(
    codes: np.ndarray, labels: np.ndarray, right: np.ndarray, share: float = 0.2
) -> list[float]:
    answers = np.where(right, labels, 3 - labels)
    logits = np.eye(4, dtype=np.float32)[answers]
    seen = Features(points(0, len(labels)), logits, labels, codes=np.float32(codes))
    chosen = border_effect.Settings(share=share)
    return list(border_effect.compute(chosen, seen, reference(points(1), logits)).values())


@given(seeds, st.sampled_from([(0.1, 1), (0.2, 2), (0.3, 3)]), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_the_border_of_two_classes_on_a_line_is_where_they_meet(
    seed: int, share: tuple[float, int], times: int
) -> None:
    """Places one apart: margins count the places to the border, however often each is fed."""
    wide, many = share[1], np.tile(np.arange(20), times)
    right = np.random.default_rng(seed).random(20) < 0.5
    border, core = right[10 - wide : 10 + wide].mean(), np.r_[right[:wide], right[-wide:]].mean()
    found = border_and_core(PLACES[many, None], SIDES[many], right[many], share[0])
    assert found == pytest.approx([border, core, core - border])


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_the_border_does_not_depend_on_order_or_place(seed: int) -> None:
    random = np.random.default_rng(seed)
    codes, labels = points(seed, 50, 3).round(1), random.integers(0, 2, 50)
    right, order = random.random(50) < 0.5, random.permutation(50)
    found = border_and_core(codes * 8, labels, right)
    assert all(0 <= accuracy <= 1 for accuracy in found[:2])
    assert border_and_core(codes[order] * 8, labels[order], right[order]) == found
    assert border_and_core(codes[:, ::-1] * -16, labels, right) == found


def of_groups(pooled: np.ndarray, groups: np.ndarray) -> list[float]:
    seen = Features(np.float32(pooled), None, groups=groups)
    return list(group_diversity.compute(group_diversity.Settings(), seen, None).values())


@given(seeds, st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_group_diversity_is_the_mean_distance_of_pairs_of_a_group(seed: int, size: int) -> None:
    pooled, groups = points(seed, 24), np.arange(24) // size
    apart = ((pooled[:, None].astype(float) - pooled[None]) ** 2).sum(axis=2)
    pairs = ~np.eye(24, dtype=bool)
    own = [pairs & np.logical_and.outer(groups == g, groups == g) for g in set(groups)]
    own = [apart[some].mean() for some in own if some.any()]
    within, everywhere, share = of_groups(pooled, groups)
    assert within == pytest.approx(np.mean(own), rel=1e-5)
    assert everywhere == pytest.approx(apart[pairs].mean(), rel=1e-5)
    assert share == pytest.approx(within / everywhere)


def test_groups_of_one_image_each_have_no_diversity_and_shuffled_ones_have_all() -> None:
    pooled = np.repeat(points(0, 30), 4, axis=0)
    assert of_groups(pooled, np.arange(120) // 4)[::2] == [0, 0]
    assert of_groups(pooled, np.arange(120) % 4)[2] == pytest.approx(1, abs=0.05)
    assert of_groups(np.ones((6, 3)), np.arange(6) // 2) == [0, 0, 0]
