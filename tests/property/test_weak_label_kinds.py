"""Closed forms of each kind of weak label, and what each of them refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import softmax
from sklearn.datasets import make_blobs

from gan_repro import weak_labels
from gan_repro.datasets import digits as digits_file
from gan_repro.errors import ConfigurationError, EvaluationError
from gan_repro.evaluation import measure
from gan_repro.images import ImageSet, LabelSet
from gan_repro.labels import (
    autoencoder_codes,
    clusters,
    pseudo_labels,
    svd_probabilities,
)
from gan_repro.measuring import Reference
from tiny_views import image_set, view

SMALL = "efficientnet_lite0_64"
COUNT = 120


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return digits_file.read(Path(), "train").first(COUNT)


@pytest.fixture(scope="module")
def seen(digits: ImageSet) -> Reference:
    """Real digits through the real EfficientNet."""
    return measure(digits, SMALL, "digits", "train")


# Truncated SVD of probabilities


def svd(images: ImageSet, seen: Reference, **settings: Any) -> LabelSet:
    chosen = svd_probabilities.Settings(**{"extractor": SMALL, "components": 6, **settings})
    return svd_probabilities.make(chosen, images, seen)


def outputs(seen: Reference, output: str) -> np.ndarray:
    logits = seen.features.logits.astype(np.float64)
    pooled = seen.features.pooled.astype(np.float64)
    return {"probabilities": softmax(logits, axis=1), "logits": logits, "pool3": pooled}[output]


@pytest.mark.parametrize("output", ["probabilities", "logits", "pool3"])
def test_svd_labels_are_numpys_svd_after_a_softmax(output, digits, seen) -> None:
    given = svd(digits, seen, output=output, temperature=2.0)
    left, values, right = np.linalg.svd(outputs(seen, output), full_matrices=False)
    signs = [np.sign(row[np.abs(row).argmax()]) for row in right]  # its largest entry is positive
    expected = softmax((left * values * signs)[:, :6] / 2.0, axis=1)
    np.testing.assert_allclose(given.labels, expected, atol=2e-4)
    assert given.manifest["outputs"] == outputs(seen, output).shape[1]


def test_svd_labels_are_distributions_and_the_manifest_tells_how_sharp(digits, seen) -> None:
    found = svd(digits, seen)
    rows = found.labels.astype(np.float64)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
    entropies = -(rows * np.log(rows)).sum(axis=1)
    told = found.manifest["entropy"]
    assert told["mean"] == pytest.approx(entropies.mean())
    assert (told["min"], told["max"]) == pytest.approx((entropies.min(), entropies.max()))
    share = found.manifest["entropy_share"]["mean"]
    assert share == pytest.approx(entropies.mean() / np.log(6))
    assert found.manifest["largest_probability"] == pytest.approx(rows.max(axis=1).mean())
    assert 0 < found.manifest["explained_variance_share"] <= 1
    # probabilities have at most length 1, so entries differ by at most exp(sqrt 2)
    assert np.all(rows.max(axis=1) <= np.exp(np.sqrt(2)) * rows.min(axis=1))


def test_temperature_makes_labels_uniform_or_sharp(digits, seen) -> None:
    hot = svd(digits, seen, temperature=1e9)
    np.testing.assert_allclose(hot.labels, 1 / 6, atol=1e-6)
    assert hot.manifest["entropy"]["mean"] == pytest.approx(np.log(6))
    assert hot.manifest["entropy_share"]["min"] == pytest.approx(1)
    shares = [svd(digits, seen, temperature=t).manifest["entropy_share"]["mean"]
              for t in (0.01, 0.1, 1.0, 10.0)]  # fmt: skip
    assert np.all(np.diff(shares) > 0)


def test_more_components_explain_more(digits, seen) -> None:
    few, more = (svd(digits, seen, components=k).manifest for k in (4, 40))
    assert few["explained_variance_share"] < more["explained_variance_share"]
    assert few["entropy"]["max"] <= np.log(4) + 1e-6


@pytest.mark.parametrize(("count", "columns"), [(20, 1000), (COUNT, 30)])
def test_more_components_than_there_are_numbers_are_refused(count, columns, digits, seen) -> None:
    features = seen.features
    few = view(
        digits.first(count), SMALL, features.pooled[:count], features.logits[:count, :columns]
    )
    asked = f"components is 64, but {count} images have {columns} outputs of {SMALL}; expected at"
    with pytest.raises(ConfigurationError, match=f"{asked} most {min(count, columns)}"):
        svd(digits.first(count), few, components=64)


def test_extractors_that_do_not_classify_give_only_pooled_features(digits, seen) -> None:
    with pytest.raises(ValidationError, match="'autoencoder' gives no logits: it does not"):
        svd_probabilities.Settings(extractor="autoencoder", output="logits")
    assert svd_probabilities.Settings(extractor="autoencoder", output="pool3")
    with pytest.raises(ValidationError, match="'autoencoder' does not classify"):
        pseudo_labels.Settings(extractor="autoencoder")
    with pytest.raises(EvaluationError, match="does not classify"):
        svd(digits, view(digits, SMALL, seen.features.pooled))


@given(rows=st.lists(st.lists(st.floats(-20, 20), min_size=4, max_size=4), min_size=1, max_size=8))
def test_entropy_lies_between_none_and_log_k(rows: list[list[float]]) -> None:
    told = weak_labels.sharpness(softmax(np.array(rows), axis=1).astype(np.float32))
    low, middle, high = (told["entropy"][name] for name in ("min", "mean", "max"))
    assert -1e-6 <= low <= middle + 1e-6
    assert middle <= high + 1e-6 <= np.log(4) + 1e-5
    assert 0.25 - 1e-6 <= told["largest_probability"] <= 1


# Clusters


def test_blobs_far_apart_are_found_exactly() -> None:
    points, blobs = make_blobs(300, 5, centers=6, cluster_std=0.1, random_state=0)
    images = image_set(blobs.astype(np.int64), 6)
    settings = clusters.Settings(extractor=SMALL, clusters=6)
    found = clusters.make(settings, images, view(images, SMALL, points))
    assert len(np.unique(np.stack([blobs, found.labels]), axis=1).T) == 6
    assert found.manifest["normalised_mutual_information"] == pytest.approx(1)
    assert found.manifest["purity"] == 1
    assert found.manifest["cluster_sizes"] == [50] * 6
    centres = np.array([points[found.labels == c].mean(axis=0) for c in range(6)])
    inertia = ((points - centres[found.labels]) ** 2).sum()
    assert found.manifest["inertia"] == pytest.approx(inertia, rel=0.05)


def test_purity_is_the_share_of_each_clusters_main_class() -> None:
    points = np.repeat([[0.0, 0.0], [9.0, 9.0]], 4, axis=0)
    points += np.arange(8)[:, None] * 1e-3
    images = image_set(np.array([0, 0, 0, 1, 2, 2, 1, 1]), 3)
    settings = clusters.Settings(extractor=SMALL, clusters=2)
    found = clusters.make(settings, images, view(images, SMALL, points))
    assert found.manifest["purity"] == (3 + 2) / 8


def test_another_seed_starts_from_other_centres(digits, seen) -> None:
    settings = [clusters.Settings(extractor=SMALL, clusters=12, seed=seed) for seed in (0, 1)]
    one, other = (clusters.make(s, digits, seen).labels for s in settings)
    assert np.mean(one != other) > 0.05


def test_more_clusters_than_images_are_refused(digits, seen) -> None:
    with pytest.raises(ConfigurationError, match=f"clusters is 121, but there are {COUNT} images"):
        clusters.make(clusters.Settings(extractor=SMALL, clusters=COUNT + 1), digits, seen)


# Autoencoder codes


def codes(images: ImageSet, pooled: np.ndarray, **settings: Any) -> LabelSet:
    chosen = autoencoder_codes.Settings(**{"code_size": pooled.shape[1], **settings})
    return autoencoder_codes.make(chosen, images, view(images, "autoencoder", pooled))


def test_codes_have_mean_0_and_variance_1_in_each_coordinate(digits) -> None:
    draw = np.random.default_rng(0)
    raw = draw.normal(size=(COUNT, 5)) * [1e-3, 1, 5, 100, 2] + [0, 3, -7, 1000, 1]
    found = codes(digits, raw)
    np.testing.assert_allclose(found.labels.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.labels.var(axis=0), 1, atol=1e-5)
    expected = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    np.testing.assert_allclose(found.labels, expected, atol=1e-3)
    assert found.manifest["least_deviation"] == pytest.approx(raw.std(axis=0).min(), rel=1e-4)
    assert found.manifest["largest_deviation"] == pytest.approx(raw.std(axis=0).max(), rel=1e-4)
    assert "entropy" not in found.manifest


def test_squashed_codes_are_distributions(digits) -> None:
    raw = np.random.default_rng(0).normal(size=(COUNT, 5))
    found = codes(digits, raw, squash="softmax")
    np.testing.assert_allclose(found.labels, softmax(codes(digits, raw).labels, axis=1), atol=1e-6)
    assert 0 < found.manifest["entropy_share"]["mean"] < 1


def test_a_coordinate_that_never_varies_is_0_and_told(digits) -> None:
    raw = np.random.default_rng(0).normal(size=(COUNT, 3)) * [1, 0, 1] + 5
    found = codes(digits, raw)
    assert np.all(found.labels[:, 1] == 0)
    assert found.manifest["least_deviation"] == 0


def test_codes_of_another_size_are_refused(digits) -> None:
    asked = "code_size is 64, but codes of autoencoder have 3 coordinates"
    with pytest.raises(ConfigurationError, match=asked):
        codes(digits, np.zeros((COUNT, 3)), code_size=64)


# Pseudo-labels


def pseudo(images: ImageSet, logits: np.ndarray, soft: bool = False) -> LabelSet:
    seen = view(images, "few_label_classifier", np.zeros((len(images), 2)), logits)
    return pseudo_labels.make(pseudo_labels.Settings(soft=soft), images, seen)


def test_a_perfect_classifier_agrees_everywhere(digits) -> None:
    found = pseudo(digits, 30 * np.eye(10, dtype=np.float32)[digits.labels])
    np.testing.assert_array_equal(found.labels, digits.labels)
    assert found.manifest["agreement"] == 1
    assert found.manifest["confidence"] == pytest.approx(1)
    assert found.manifest["given_sha256"] == found.manifest["clean_sha256"]


def test_a_wrong_and_unsure_classifier_says_so(digits) -> None:
    logits = np.zeros((COUNT, 10), np.float32)
    logits[np.arange(COUNT), (digits.labels + (np.arange(COUNT) < 30)) % 10] = np.log(3)
    hard, soft = pseudo(digits, logits), pseudo(digits, logits, soft=True)
    assert hard.manifest["agreement"] == soft.manifest["agreement"] == 1 - 30 / COUNT
    assert hard.manifest["confidence"] == pytest.approx(3 / 12)
    np.testing.assert_allclose(soft.labels, softmax(logits, axis=1), atol=1e-6)
    np.testing.assert_allclose(soft.labels.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(soft.labels.argmax(axis=1), hard.labels)


def test_a_classifier_of_other_classes_is_refused(digits) -> None:
    with pytest.raises(ConfigurationError, match="tells 7 classes apart; expected the data set's"):
        pseudo(digits, np.zeros((COUNT, 7), np.float32))
