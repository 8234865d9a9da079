"""References: the same bytes for the same reference, whole or not at all, and never a guess."""

from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError

from gan_repro.errors import DataError, EvaluationError
from gan_repro.images import ImageShape
from gan_repro.measuring import MOST_FEATURES, Features, Reference, moments
from gan_repro.metrics import fid
from gan_repro.storage.references import ReferenceDataset


def reference(n: int = 30, logits: bool = True, size: int = 4) -> Reference:
    random = np.random.default_rng(0)
    pooled = random.normal(size=(n, size)).astype(np.float32)
    return Reference(
        extractor="classifier",
        extractor_sha256="ab" * 32,
        dataset="digits",
        split="test",
        shape=ImageShape(1, 8, 8),
        classes=3,
        features=Features(pooled, pooled[:, :3] if logits else None),
        moments=moments(pooled),
        labels=random.integers(0, 3, n),
        weights={"00000009/classifier/head.bias": np.arange(3, dtype=np.float32)},
    )


@pytest.mark.parametrize("logits", [True, False])
def test_a_reference_comes_back_as_it_was(tmp_path: Path, logits: bool) -> None:
    first = reference(logits=logits)
    store = ReferenceDataset(str(tmp_path / "deep" / "r.npz"))
    assert not store.exists()
    store.save(first)
    assert store.exists()
    back = store.load()
    assert back.sha256 == first.sha256
    assert (back.shape, back.classes, back.split) == (ImageShape(1, 8, 8), 3, "test")
    assert (back.features.logits is None) is not logits
    np.testing.assert_array_equal(back.moments.covariance, first.moments.covariance)
    assert back.moments.mean.dtype == np.float64
    np.testing.assert_array_equal(back.weights["00000009/classifier/head.bias"], [0, 1, 2])


def test_the_same_reference_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        ReferenceDataset(str(tmp_path / f"{name}.npz")).save(reference())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_of_too_many_features_no_moments_are_kept(tmp_path: Path) -> None:
    most = reference(n=3, size=MOST_FEATURES)
    assert most.moments.covariance.shape == (MOST_FEATURES, MOST_FEATURES)
    wide = reference(n=5, size=MOST_FEATURES + 1)
    assert wide.moments is None
    store = ReferenceDataset(str(tmp_path / "r.npz"))
    store.save(wide)
    back = store.load()
    assert back.moments is None
    assert back.sha256 == wide.sha256
    some = back.some(3)
    assert some.moments is None
    with pytest.raises(EvaluationError, match=r"classifier gives 4,097 .* at most 4,096"):
        fid.compute(fid.Settings(), some.features, some)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"no zip", lambda b: b""])
def test_a_damaged_file_is_refused(tmp_path: Path, damage) -> None:
    path = tmp_path / "r.npz"
    ReferenceDataset(str(path)).save(reference())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DatasetError, match="measure again") as caught:
        ReferenceDataset(str(path)).load()
    assert isinstance(caught.value.__cause__, DataError)


def test_some_images_are_always_the_same_ones() -> None:
    whole = reference()
    some = whole.some(10)
    assert (some.n, whole.some(None), whole.some(30)) == (10, whole, whole)
    assert some.sha256 == reference().some(10).sha256 != whole.sha256
    np.testing.assert_array_equal(some.moments.mean, moments(some.features.pooled).mean)
    assert not np.array_equal(some.features.pooled, whole.features.pooled[:10]), "not the first"
    assert len(some.labels) == len(some.features.logits) == 10


def test_more_images_than_there_are_is_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"31 reference images were asked for.*has 30"):
        reference().some(31)


def test_moments_are_exact_where_float32_is_not() -> None:
    far = (np.random.default_rng(1).normal(size=(2000, 2)) + 3000).astype(np.float32)
    expected = np.cov(far.astype(np.float64).T)
    found = moments(far)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-12)
    np.testing.assert_allclose(found.mean, far.astype(np.float64).mean(axis=0), rtol=1e-14)
