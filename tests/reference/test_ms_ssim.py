"""MS-SSIM of pairs: its twin, pytorch-msssim's numbers, windows and scales, and classes."""

import metric_twins as twins
import numpy as np
import pytest
import torch

from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING, ImageShape
from gan_repro.measuring import Features, Reference
from gan_repro.metrics import _ms_ssim as shared
from gan_repro.metrics import diversity_accuracy, ms_ssim

SHAPE = ImageShape(1, 28, 28)


def pair(side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Three pairs: noise added, unrelated, and another contrast."""
    random = np.random.default_rng(0)
    one = random.random((3, 2, side, side))
    other = np.clip(one + 0.5 * random.random(one.shape) - 0.25, 0, 1)
    other[1], other[2] = random.random(other[1].shape), one[2] ** 2
    return torch.tensor(one), torch.tensor(other)


@pytest.mark.parametrize(
    ("side", "window", "scales", "expected"),
    [
        # pytorch-msssim 1.0.0, ms_ssim(..., win_size=window); for one scale, its ssim
        (192, 11, 5, (0.9097519682764141, 0.047951814092872753, 0.961615605548779)),
        (128, 7, 5, (0.9074821266644482, 0.10603998003523776, 0.9629009423119808)),
        (28, 7, 1, (0.893191104502737, 0.0223662334880119, 0.8912995900475218)),
    ],
)
def test_it_gives_the_numbers_of_pytorch_msssim(side, window, scales, expected) -> None:
    found = shared.ms_ssim(*pair(side), window, scales)
    np.testing.assert_allclose(found.numpy(), expected, rtol=5e-5)  # its constants are of float32


def test_it_agrees_with_its_twin_at_three_scales() -> None:
    one, other = (x[:, :1] for x in pair(28))
    found = shared.ms_ssim(one, other, 7, 3).numpy()
    first = np.array([0.0448, 0.2856, 0.3001])
    exponents = list(first / first.sum())
    expected = [
        twins.ms_ssim(a[0].numpy(), b[0].numpy(), 7, exponents)
        for a, b in zip(one, other, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_an_image_is_like_itself_and_order_does_not_matter() -> None:
    one, other = pair(32)
    np.testing.assert_allclose(shared.ms_ssim(one, one, 7, 3).numpy(), 1.0, atol=1e-9)
    both = [shared.ms_ssim(a, b, 7, 3).numpy() for a, b in ((one, other), (other, one))]
    np.testing.assert_allclose(*both, atol=1e-12)


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (8, (7, 1)),
        (4, (4, 1)),
        (28, (7, 3)),
        (32, (7, 3)),
        (64, (7, 4)),
        (128, (7, 5)),
        (176, (11, 5)),
    ],
)
def test_window_and_scales_fit_the_image(side: int, expected: tuple[int, int]) -> None:
    assert shared.fitting(shared.Settings(), ImageShape(3, side, side)) == expected


def test_a_window_that_does_not_fit_is_refused() -> None:
    asked = shared.Settings(window=11, scales=5)
    with pytest.raises(EvaluationError, match=r"11 pixels and 5 scales .* 128x128 pixels has 8"):
        shared.fitting(asked, ImageShape(3, 128, 128))


def pictures(seed: int, like: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """uint8 rows of 3 classes of 20 images, and their classes; those ``like`` are all the same."""
    random = np.random.default_rng(seed)
    rows = random.integers(0, 256, (60, 784), dtype=np.uint8)
    labels = np.arange(60) % 3
    for c in like:
        rows[labels == c] = rows[c]
    return rows, labels


def reference(seed: int = 0, like: tuple[int, ...] = ()) -> Reference:
    rows, labels = pictures(seed, like)
    return Reference(
        "classifier_pixels", "", "d", "train", SHAPE, 3, Features(rows, None), None, labels
    )


def test_collapsed_classes_are_those_above_every_real_one() -> None:
    rows, labels = pictures(1, like=(2,))
    asked = ms_ssim.Settings(by_class=True)
    found = ms_ssim.compute(asked, Features(rows, None, labels), reference())
    assert found["ms_ssim_of_2"] == pytest.approx(1.0)
    assert found["ms_ssim_of_0"] < 0.5
    assert found["ms_ssim_below"] in (1 / 3, 2 / 3)
    of = [found[f"ms_ssim_of_{c}"] for c in range(3)]
    assert found["ms_ssim"] == pytest.approx(np.mean(of))
    assert found["ms_ssim_maximum_real"] == max(found[f"ms_ssim_real_of_{c}"] for c in range(3))
    assert (found["ms_ssim_window"], found["ms_ssim_scales"]) == (7.0, 3.0)
    assert found["ms_ssim_spread"] > 0


def test_levels_of_0_to_255_and_of_0_to_1_give_the_same() -> None:
    rows, labels = pictures(1)
    unit = Features(rows.astype(np.float32) / 255, None, labels)
    whole = Features(rows, None, labels)
    both = [
        ms_ssim.compute(ms_ssim.Settings(), seen, reference())["ms_ssim"] for seen in (unit, whole)
    ]
    assert both[0] == pytest.approx(both[1], rel=1e-5)


def test_pairs_are_of_different_images_of_one_class() -> None:
    pairs = shared._pairs(shared.Settings(pairs=1000), 3, 4)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert set(pairs.ravel()) == {0, 1, 2, 3}
    other = shared._pairs(shared.Settings(pairs=1000, seed=1), 3, 4)
    assert (pairs != other).any()


def test_generated_rows_count_by_their_largest_entry_among_the_classes() -> None:
    rows, labels = pictures(1)
    soft = np.concatenate([np.eye(3)[labels], np.full((60, 2), 9.0)], axis=1).astype(np.float32)
    asked = ms_ssim.Settings(by_class=True)
    hard = ms_ssim.compute(asked, Features(rows, None, labels), reference())
    assert ms_ssim.compute(asked, Features(rows, None, soft), reference()) == hard


def test_images_without_labels_and_features_that_are_no_pixels_are_refused() -> None:
    rows, _ = pictures(1)
    with pytest.raises(EvaluationError, match="no class of the samples has two images"):
        ms_ssim.compute(ms_ssim.Settings(), Features(rows, None, np.full(60, MISSING)), reference())
    with pytest.raises(EvaluationError, match="have 5 features, expected the 784 pixels"):
        ms_ssim.compute(ms_ssim.Settings(), Features(rows[:, :5], None, None), reference())


def logits(answers: np.ndarray) -> np.ndarray:
    return np.eye(3, dtype=np.float32)[answers]


def test_accuracy_falls_where_classes_collapse() -> None:
    rows, labels = pictures(1, like=(2,))
    answers = np.where(labels == 2, 0, labels)  # nobody recognises class 2
    seen = Features(rows, logits(answers), labels)
    asked = diversity_accuracy.Settings(by_class=True)
    found = diversity_accuracy.compute(asked, seen, reference(like=(1,)))
    assert found["diversity_accuracy_r"] < -0.9
    assert found["low_diversity_inaccurate"] == 1.0
    assert found["high_diversity_accurate"] == 1.0
    assert [found[f"accuracy_of_{c}"] for c in range(3)] == [1.0, 1.0, 0.0]


def test_what_is_not_defined_is_left_out() -> None:
    rows, labels = pictures(1)
    seen = Features(rows, logits(labels), labels)
    found = diversity_accuracy.compute(diversity_accuracy.Settings(), seen, reference(like=(1,)))
    assert found == {"high_diversity_accurate": 1.0}


def test_logits_for_other_classes_are_refused() -> None:
    rows, labels = pictures(1)
    seen = Features(rows, np.zeros((60, 4), np.float32), labels)
    with pytest.raises(EvaluationError, match="logits for the 3 of the data set, got 4"):
        diversity_accuracy.compute(diversity_accuracy.Settings(), seen, reference())
