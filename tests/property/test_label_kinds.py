"""Label corruption: exact counts, closed forms, and streams that do not disturb each other."""

import hashlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_repro import kinds
from gan_repro.datasets import digits
from gan_repro.errors import ConfigurationError, DataError
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.labels import asymmetric, clean, missing, offset_noise, uniform_noise

EVERY = [kinds.find("labels", name) for name in kinds.names("labels")]
NOISES = [module for module in EVERY if "rate" in module.Settings.model_fields]
KINDS = [clean, *NOISES]  # those made from labels alone; test_weak_labels has the others
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RATES = st.floats(0, 1)
SEEDS = st.integers(0, 2**32)


def image_set(labels: np.ndarray, classes: int, names: tuple[str, ...] = ()) -> ImageSet:
    pixels = np.zeros((len(labels), 1, 1, 1), dtype=np.uint8)
    return ImageSet(pixels, labels.astype(np.int64), classes, names)


def cifar10_like(count: int) -> ImageSet:
    return image_set(np.arange(count) % 10, 10, CIFAR10)


@st.composite
def image_sets(draw: st.DrawFn) -> ImageSet:
    classes = draw(st.integers(2, 12))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=60))
    return image_set(np.array(labels), classes)


def made(module: ModuleType, images: ImageSet, rate: float = 0.4, seed: int = 0) -> LabelSet:
    if module is clean:
        return module.make(module.Settings(), images)
    return module.make(module.Settings(rate=rate, seed=seed), images)


# Every kind of noise, and clean labels


@pytest.mark.parametrize("module", KINDS)
def test_the_manifest_agrees_with_the_labels(module: ModuleType) -> None:
    images = cifar10_like(1000)
    labels, manifest = made(module, images).labels, made(module, images).manifest
    counts = np.array(manifest["transition"]["counts"])
    for row in range(10):
        for column in range(10):
            pairs = (images.labels == row) & (labels == column)
            assert counts[row, column] == pairs.sum()
    np.testing.assert_allclose(manifest["transition"]["shares"], counts / 100)
    assert manifest["kind"] == module.__name__.rsplit(".", 1)[-1]
    assert manifest["rate_realised"] == np.mean(labels != images.labels)
    assert manifest["changed"] + manifest["missing"] == np.sum(labels != images.labels)
    assert manifest["items"] == counts.sum() + manifest["missing"] == 1000
    assert manifest["clean_counts"] == [100] * 10
    assert manifest["given_counts"] == counts.sum(axis=0).tolist()
    assert manifest["clean_sha256"] == hashlib.sha256(images.labels.tobytes()).hexdigest()
    assert manifest["given_sha256"] == hashlib.sha256(labels.tobytes()).hexdigest()
    assert json.loads(json.dumps(manifest)) == manifest


@pytest.mark.parametrize("module", KINDS)
def test_the_images_own_labels_are_not_touched(module: ModuleType) -> None:
    images = cifar10_like(100)
    images.labels.flags.writeable = False
    labels = made(module, images, rate=1.0).labels
    np.testing.assert_array_equal(images.labels, np.arange(100) % 10)
    assert labels.dtype == np.int64
    assert not np.shares_memory(labels, images.labels)


@pytest.mark.parametrize("module", NOISES)
def test_a_seed_decides_everything_and_another_seed_decides_otherwise(module: ModuleType) -> None:
    images = cifar10_like(500)
    one, again, other = (made(module, images, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.labels, again.labels)
    assert one.manifest == again.manifest
    assert np.mean(one.labels != other.labels) > 0.05


@pytest.mark.parametrize("module", NOISES)
def test_the_state_of_global_generators_is_neither_used_nor_moved(module: ModuleType) -> None:
    images = cifar10_like(100)
    np.random.seed(1)
    first = made(module, images).labels
    after = np.random.random()
    np.random.seed(1)
    assert np.random.random() == after
    np.testing.assert_array_equal(first, made(module, images).labels)


@pytest.mark.parametrize("module", NOISES)
def test_rate_zero_changes_nothing(module: ModuleType) -> None:
    images = cifar10_like(100)
    np.testing.assert_array_equal(made(module, images, rate=0.0).labels, images.labels)


@pytest.mark.parametrize("module", NOISES)
def test_a_lower_rate_changes_a_part_of_what_a_higher_one_changes(module: ModuleType) -> None:
    images = cifar10_like(1000)
    low, high = made(module, images, rate=0.2).labels, made(module, images, rate=0.5).labels
    changed = low != images.labels
    np.testing.assert_array_equal(low[changed], high[changed])
    assert np.sum(high != images.labels) > np.sum(changed) > 0


@pytest.mark.parametrize("module", NOISES)
@pytest.mark.parametrize("bad", [{"rate": 1.1}, {"rate": -0.1}, {"rate": 0.1, "seed": -1}, {}])
def test_settings_that_cannot_be_are_refused(module: ModuleType, bad: dict) -> None:
    with pytest.raises(ValueError, match=r"rate|seed"):
        module.Settings(**bad)


@pytest.mark.parametrize("module", KINDS)
def test_labels_that_are_not_clean_classes_are_refused(module: ModuleType) -> None:
    pixels = np.zeros((10, 1, 1, 1), dtype=np.uint8)
    soft = ImageSet(pixels, np.full((10, 10), 0.1, dtype=np.float32), 10, CIFAR10)
    some_missing = cifar10_like(10)
    some_missing.labels[3] = MISSING
    with pytest.raises(DataError, match=r"labels are float32 of shape \(10, 10\)"):
        made(module, soft)
    with pytest.raises(DataError, match=r"labels lie in \[-1, 9\]"):
        made(module, some_missing)


def test_kinds_do_not_share_their_random_numbers() -> None:
    images = cifar10_like(1000)
    changed = {
        m: made(m, images, rate=0.5).labels != images.labels for m in (offset_noise, missing)
    }
    both = np.mean(changed[offset_noise] & changed[missing])
    assert abs(both - 0.25) < 0.05  # independent; 0.5 if they picked the same items


# Offset noise


@given(images=image_sets(), rate=RATES, seed=SEEDS)
def test_offset_noise_makes_exactly_the_asked_number_wrong(
    images: ImageSet, rate: float, seed: int
) -> None:
    labels = made(offset_noise, images, rate, seed).labels
    assert np.sum(labels != images.labels) == round(rate * len(images))
    assert labels.min() >= 0
    assert labels.max() < images.classes


@given(images=image_sets(), seed=SEEDS)
def test_offset_noise_at_full_rate_has_no_fixed_point(images: ImageSet, seed: int) -> None:
    assert not np.any(made(offset_noise, images, 1.0, seed).labels == images.labels)


def test_offsets_are_uniform_over_the_other_classes() -> None:
    count, classes = 90_000, 10
    images = image_set(np.arange(count) % classes, classes)
    labels = made(offset_noise, images, rate=1.0).labels
    seen = np.bincount((labels - images.labels) % classes, minlength=classes)
    assert seen[0] == 0
    expected = count / 9
    assert np.sum((seen[1:] - expected) ** 2 / expected) < 26.1  # chi squared, 8 degrees, p = 0.001


def test_offset_noise_picks_items_uniformly() -> None:
    images = image_set(np.zeros(50, dtype=int), 3)
    wrong = [made(offset_noise, images, 0.2, seed).labels != 0 for seed in range(1000)]
    often = np.sum(wrong, axis=0)
    assert np.all(np.abs(often - 200) < 5 * np.sqrt(1000 * 0.2 * 0.8))


# Uniform, asymmetric, missing


def test_uniform_noise_has_its_transition_matrix() -> None:
    rate, classes = 0.4, 5
    images = image_set(np.arange(100_000) % classes, classes)
    shares = np.array(made(uniform_noise, images, rate).manifest["transition"]["shares"])
    expected = (1 - rate) * np.eye(classes) + rate / classes
    assert np.max(np.abs(shares - expected)) < 5 * np.sqrt(0.25 / 20_000)


@given(images=image_sets(), seed=SEEDS)
def test_uniform_noise_keeps_labels_in_range(images: ImageSet, seed: int) -> None:
    labels = made(uniform_noise, images, 1.0, seed).labels
    assert labels.min() >= 0
    assert labels.max() < images.classes


def test_asymmetric_noise_has_cifar10s_transition_matrix() -> None:
    rate = 0.3
    images = cifar10_like(100_000)
    manifest = made(asymmetric, images, rate).manifest
    expected = np.eye(10)
    for source, target in [(9, 1), (2, 0), (4, 7), (3, 5), (5, 3)]:
        expected[source, source], expected[source, target] = 1 - rate, rate
    shares = np.array(manifest["transition"]["shares"])
    assert np.max(np.abs(shares - expected)) < 5 * np.sqrt(0.21 / 10_000)
    assert np.all(shares[expected == 0] == 0)
    assert np.all(shares[expected == 1] == 1)
    assert abs(manifest["rate_realised"] - rate / 2) < 0.01


def test_asymmetric_noise_takes_other_pairs() -> None:
    images = image_set(np.arange(100) % 10, 10, tuple("0123456789"))
    chosen = asymmetric.Settings(rate=1.0, pairs={"7": "1", "3": "8"})
    labels = asymmetric.make(chosen, images).labels
    np.testing.assert_array_equal(labels[:10], [0, 1, 2, 8, 4, 5, 6, 1, 8, 9])


def test_asymmetric_noise_refuses_classes_that_the_data_set_lacks() -> None:
    digits_like = image_set(np.arange(10), 10, tuple("0123456789"))
    with pytest.raises(ConfigurationError, match=r"no class is called 'truck'. Known: 0, 1"):
        made(asymmetric, digits_like)
    with pytest.raises(ConfigurationError, match="does not name its classes"):
        made(asymmetric, image_set(np.arange(10), 10))


@given(images=image_sets(), rate=RATES, seed=SEEDS)
def test_exactly_the_asked_number_goes_missing(images: ImageSet, rate: float, seed: int) -> None:
    found = made(missing, images, rate, seed)
    gone = found.labels == MISSING
    assert gone.sum() == found.manifest["missing"] == round(rate * len(images))
    np.testing.assert_array_equal(found.labels[~gone], images.labels[~gone])
    assert found.manifest["changed"] == 0


# The labels that results were computed with


def test_the_clean_manifest_of_digits_has_the_identity_as_its_matrix() -> None:
    manifest = made(clean, digits.read(Path(), "train")).manifest
    assert manifest["transition"]["shares"] == np.eye(10).tolist()
    assert manifest["rate_realised"] == manifest["rate_asked"] == 0


GOLDEN = {
    offset_noise: "3485156c35166f2eea2face4f52119b35e8f5dfc05f5c8e9867cc92c2a67d5af",
    uniform_noise: "2ff7dfd5980e5313576786b602f68f5a06baca08024e4eb9c66157dd1e280a8d",
    missing: "59ce41c2fb29ec69fc8a77fcce2a91774a99557ed7049f17103f296a918f87cb",
}


@pytest.mark.parametrize("module", GOLDEN)
def test_the_labels_of_digits_at_40_percent_are_the_recorded_ones(module: ModuleType) -> None:
    """If this fails, NumPy's generators or ours changed, and every noisy run is another run."""
    manifest = made(module, digits.read(Path(), "train"), rate=0.4, seed=0).manifest
    assert manifest["given_sha256"] == GOLDEN[module]
