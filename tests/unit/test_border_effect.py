"""Margins that can be counted by hand, blocks that change nothing, and refusals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_repro import distances
from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING, ImageShape
from gan_repro.measuring import Features, Reference, moments
from gan_repro.metrics import border_effect

CODES = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, 60)
SEEN = Features(
    CODES, np.random.default_rng(2).normal(size=(60, 3)).astype(np.float32), LABELS, codes=CODES
)


def reference(classes: int = 3) -> Reference:
    pooled = np.zeros((2, 3), np.float32)
    return Reference(
        "classifier", "", "digits", "test", ImageShape(1, 8, 8), classes,
        Features(pooled, None), moments(pooled), np.array([0, 1]),
    )  # fmt: skip


def found(seen: Features, classes: int = 3) -> dict[str, float]:
    return border_effect.compute(border_effect.Settings(), seen, reference(classes))


def test_a_margin_is_the_way_to_another_class_minus_that_to_the_own_by_l1() -> None:
    codes = np.float32([[0, 0], [3, 3], [0, 5], [0, 9]])
    margins = border_effect._margins(codes, np.array([0, 0, 1, 1]))
    assert margins.tolist() == [5 - 6, 5 - 6, 5 - 4, 9 - 4]


def test_a_code_that_is_fed_again_is_not_its_own_neighbour() -> None:
    codes, classes = np.float32([[0], [1], [3], [7]]), np.array([0, 0, 1, 1])
    once = border_effect._margins(codes, classes)
    twice = border_effect._margins(codes[[0, 1, 0, 2, 3, 0]], classes[[0, 1, 0, 2, 3, 0]])
    assert twice.tolist() == once[[0, 1, 0, 2, 3, 0]].tolist()
    # two images of different classes with the same code are on the border
    assert border_effect._margins(codes[[0, 0, 1]], np.array([0, 1, 0]))[0] == -1


def test_a_class_with_one_code_is_left_out() -> None:
    codes = np.concatenate([CODES, CODES[:1] + 9, CODES[:1] + 9])
    labels, logits = np.append(LABELS, [3, 3]), np.pad(SEEN.logits, ((0, 2), (0, 1)))
    assert not np.isfinite(border_effect._margins(codes, labels)[-2:]).any()
    assert found(Features(codes, logits, labels, codes=codes), 4) == found(SEEN)


def test_blocks_do_not_change_the_margins() -> None:
    """Of more distances, and of more numbers of a code, than are taken at once."""
    codes = np.random.default_rng(2).normal(size=(2100, 150)).astype(np.float32)
    labels = np.random.default_rng(3).integers(0, 3, 2100)
    assert len(codes) ** 2 > border_effect.DISTANCES_AT_ONCE
    assert codes.shape[1] > 2 * distances.COLUMNS_AT_ONCE
    at_once = cdist(codes.astype(np.float64), codes, "cityblock")
    np.fill_diagonal(at_once, np.inf)
    same = labels[:, None] == labels
    other, own = (np.where(kept, at_once, np.inf).min(axis=1) for kept in (~same, same))
    assert border_effect._margins(codes, labels) == pytest.approx(other - own, rel=1e-12)


def test_samples_without_codes_classes_or_a_classifier_of_them_are_refused() -> None:
    for change, classes, said in (
        ({"codes": None}, 3, "not made from codes"),
        ({"labels": None}, 3, "needs the class of each image"),
        ({"labels": np.where(LABELS == 1, MISSING, LABELS)}, 3, "none or not all"),
        ({"labels": np.eye(3, dtype=np.float32)[LABELS]}, 3, "needs the class of each image"),
        ({"logits": None}, 3, "does not classify"),
        ({}, 4, "knows 3 classes, digits has 4. Use the extractor 'classifier'"),
        ({"labels": np.zeros(60, np.int64)}, 3, "of 60 codes of 1 classes none has a neighbour"),
    ):
        with pytest.raises(EvaluationError, match=said):
            found(replace(SEEN, **change), classes)
