"""Accuracy at native, half and quarter size: closed forms, resizing, extractors that look so."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gan_repro.errors import EvaluationError, MissingWeightsError
from gan_repro.features import _imagenet
from gan_repro.features._views import resized
from gan_repro.images import ImageShape
from gan_repro.measuring import Features, Reference, find_extractor
from gan_repro.metrics import discriminability
from gan_repro.nets.classifier import Classifier

EYE = np.eye(4, dtype=np.float32)
LABELS = np.arange(40) % 4


def looks(native: np.ndarray, half: np.ndarray, quarter: np.ndarray, labels=LABELS) -> Features:
    return Features(np.concatenate([EYE[half], EYE[quarter]], axis=1), EYE[native], labels)


def reference() -> Reference:
    seen = looks(LABELS, LABELS, np.zeros(40, int))
    return Reference(
        "classifier_halved", "", "d", "test", ImageShape(1, 8, 8), 4, seen, None, LABELS
    )


def test_accuracies_losses_and_shares_of_classes() -> None:
    half = np.where(LABELS == 3, 0, LABELS)  # class 3 is lost
    quarter = np.where(LABELS >= 2, 0, LABELS)  # and class 2
    found = discriminability.compute(
        discriminability.Settings(), looks(LABELS, half, quarter), reference()
    )
    assert [found[f"discriminability_{size}"] for size in discriminability.SIZES] == [1, 0.75, 0.5]
    assert found["discriminability_lost_half"] == 0.25
    assert found["discriminability_lost_quarter"] == 0.5
    assert found["discriminability_classes"] == 0.5
    assert found["discriminability_real_native"] == found["discriminability_real_half"] == 1.0
    assert found["discriminability_real_quarter"] == 0.25
    assert found["discriminability_classes_real"] == 0.75
    assert found["discriminability_spread_native"] == 0.0


def test_the_spread_is_over_subsets_in_the_samples_order() -> None:
    native = LABELS.copy()
    native[:20] = (native[:20] + 1) % 4
    seen = looks(native, LABELS, LABELS)
    found = discriminability.compute(discriminability.Settings(subsets=2), seen, reference())
    assert found["discriminability_spread_native"] == 0.5
    assert found["discriminability_native"] == 0.5


def test_nothing_recognised_loses_nothing() -> None:
    wrong = (LABELS + 1) % 4
    found = discriminability.compute(
        discriminability.Settings(), looks(wrong, wrong, wrong), reference()
    )
    assert found["discriminability_lost_quarter"] == found["discriminability_classes"] == 0.0


def test_generated_rows_count_by_their_largest_entry_among_the_classes() -> None:
    soft = np.concatenate([EYE[LABELS], np.full((40, 1), 9, np.float32)], axis=1)
    found = discriminability.compute(
        discriminability.Settings(), looks(LABELS, LABELS, LABELS, soft), reference()
    )
    assert found["discriminability_native"] == 1.0


def test_images_without_classes_and_other_features_are_refused() -> None:
    with pytest.raises(EvaluationError, match="the samples have no classes"):
        discriminability.compute(
            discriminability.Settings(), looks(LABELS, LABELS, LABELS, None), reference()
        )
    with pytest.raises(EvaluationError, match="Use the extractor 'classifier_halved'"):
        discriminability.compute(
            discriminability.Settings(), Features(EYE[LABELS], EYE[LABELS], LABELS), reference()
        )


def test_resizing_loses_detail_and_keeps_what_is_smooth() -> None:
    smooth = np.tile(np.arange(32, dtype=np.uint8) * 8, (1, 1, 32, 1))
    checks = np.indices((32, 32)).sum(axis=0)[None, None] % 2 * np.uint8(254)
    assert np.abs(resized(smooth, 2).astype(int) - smooth)[..., 2:-2].max() <= 1
    inside = resized(checks.astype(np.uint8), 2)[..., 2:-2, 2:-2]
    assert np.abs(inside.astype(int) - 127).max() <= 1  # antialiased: not every second pixel
    assert (
        resized(np.full((1, 3, 3, 3), 77, np.uint8), 4).tolist()
        == np.full((1, 3, 3, 3), 77).tolist()
    )


def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    state = Classifier(1, 4, 4).state_dict()
    return {f"00000009/classifier/{name}": values for name, values in state.items()}


def test_the_data_sets_classifier_looks_three_times_and_beside_pixels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 16, 16), dtype=np.uint8)
    whole, halved, pixels = (
        find_extractor(name)[0].load(None, weights())
        for name in ("classifier", "classifier_halved", "classifier_pixels")
    )
    assert whole.sha256 == halved.sha256 == pixels.sha256
    plain, three, beside = (extractor.features(images) for extractor in (whole, halved, pixels))
    np.testing.assert_array_equal(three.logits, plain.logits)
    np.testing.assert_array_equal(beside.logits, plain.logits)
    np.testing.assert_array_equal(beside.pooled, images.reshape(30, -1))
    assert beside.pooled.dtype == np.uint8
    for place, factor in enumerate((2, 4)):
        expected = whole.features(resized(images, factor)).logits
        np.testing.assert_allclose(three.pooled[:, 4 * place : 4 * place + 4], expected, atol=1e-5)


def test_the_list_of_inceptions_outputs_is_sorted_by_wordnet_id(tmp_path: Path) -> None:
    entry = 'entry {{\n  target_class: {}\n  target_class_string: "n{:08}"\n}}\n'
    file = tmp_path / _imagenet.LIST
    file.write_text("# comment\n" + "".join(entry.format(1 + i, 5000 - i) for i in range(1000)))
    assert _imagenet.outputs_of(file).tolist() == list(range(1000, 0, -1))
    file.write_text(entry.format(1, 2))
    with pytest.raises(MissingWeightsError, match="names 1 classes, expected ImageNet's 1000"):
        _imagenet.outputs_of(file)
    with pytest.raises(MissingWeightsError, match="names 0 classes"):
        _imagenet.outputs_of(tmp_path / "nowhere")
