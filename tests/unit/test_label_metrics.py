"""Label agreement and the distance of label marginals, in closed form; refusals."""

import numpy as np
import pytest

from gan_repro.errors import EvaluationError
from gan_repro.evaluation import label_marginal as marginal_of
from gan_repro.images import MISSING, ImageShape
from gan_repro.measuring import Features, Reference, moments
from gan_repro.metrics import label_agreement, label_marginal

EYE = np.eye(4, dtype=np.float32)


def reference(classes: int = 4) -> Reference:
    pooled = np.zeros((2, 3), np.float32)
    return Reference(
        "classifier", "", "digits", "test", ImageShape(1, 8, 8), classes,
        Features(pooled, None), moments(pooled), np.array([0, 1]),
    )  # fmt: skip


def seen(answers: list[int], labels: np.ndarray | None, marginal: np.ndarray | None = None):
    return Features(np.zeros((len(answers), 3), np.float32), 5 * EYE[answers], labels, marginal)


def agreement(answers: list[int], labels: np.ndarray | None, classes: int = 4) -> float:
    settings = label_agreement.Settings()
    return label_agreement.compute(settings, seen(answers, labels), reference(classes))[
        "label_agreement"
    ]


def distances(labels: np.ndarray, marginal: np.ndarray | None) -> tuple[float, float]:
    found = label_marginal.compute(
        label_marginal.Settings(), seen([0] * len(labels), labels, marginal), reference()
    )
    return found["label_tv"], found["label_tv_hard"]


def test_agreement_is_the_share_of_answers_that_name_the_label() -> None:
    assert agreement([0, 1, 2, 3], np.array([0, 1, 2, 0])) == 0.75
    soft = np.float32([[0.6, 0.4, 0, 0], [0.1, 0.2, 0.3, 0.4]])
    assert agreement([0, 0], soft) == 0.5


def test_a_row_that_goes_on_after_the_classes_counts_by_its_classes() -> None:
    beside = np.concatenate([EYE[[2, 1]], np.float32([[9, 0], [0, 9]])], axis=1)
    assert agreement([2, 1], beside) == 1.0  # the bug: the largest entry of the whole row


def test_labels_that_name_no_classes_are_refused() -> None:
    with pytest.raises(EvaluationError, match="Use the extractor 'classifier'"):
        agreement([0], None)
    with pytest.raises(EvaluationError, match="Use the extractor 'classifier'"):
        agreement([0], np.array([0]), classes=5)
    with pytest.raises(EvaluationError, match="Weak labels name no classes"):
        agreement([0], np.float32([[0.5, 0.5]]))


def test_the_distance_is_half_the_sum_of_the_gaps() -> None:
    even = np.full((2, 4), 0.25)
    assert distances(np.array([0, 1, 2, 3]), even) == (0.0, 0.0)
    assert distances(np.array([0, 0, 0, 0]), even) == (0.75, 0.75)
    soft = np.float32([[0.4, 0.2, 0.2, 0.2]] * 3)
    assert distances(soft, even) == pytest.approx((0.15, 0.75))


def test_two_labels_side_by_side_are_compared_by_their_mean_share() -> None:
    rows = np.concatenate([EYE[[0, 1]], EYE[[2, 2]]], axis=1)
    assert distances(rows, marginal_of(rows, 8)) == (0.0, 0.0)


def test_rows_that_are_the_training_rows_have_no_distance() -> None:
    """The bug: the largest entries of near-uniform rows against the mean row."""
    rows = np.random.default_rng(0).dirichlet(np.full(64, 50.0), 500).astype(np.float32)
    assert distances(rows, marginal_of(rows, 64)) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert distances(rows[::-1][:100], marginal_of(rows, 64))[1] < 0.5


def test_what_is_no_distribution_is_refused() -> None:
    even = np.full((2, 4), 0.25)
    for rows in (np.float32([[-1, 2, 0, 0]]), np.float32([[1, 1, 0, 0]]), 3 * EYE):
        with pytest.raises(EvaluationError, match="no distributions"):
            distances(rows, even)
    with pytest.raises(EvaluationError, match="trained on labels"):
        distances(EYE, None)


def test_the_marginal_of_training_labels_counts_those_that_are_given() -> None:
    hard = marginal_of(np.array([0, 0, 2, MISSING]), 3)
    np.testing.assert_array_equal(hard, [np.array([2, 0, 1]) / 3] * 2)
    soft = marginal_of(np.float32([[0.2, 0.8], [0.4, 0.6]]), 2)
    np.testing.assert_allclose(soft, [[0.3, 0.7], [0, 1]])
    assert marginal_of(np.array([MISSING]), 2).tolist() == [[0, 0], [0, 0]]
