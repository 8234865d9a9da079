"""Every file under metrics/ keeps the same small contract."""

from dataclasses import replace

import numpy as np
import pytest

from gan_repro.images import ImageShape
from gan_repro.kinds import Spec, find, names
from gan_repro.measuring import Features, Reference, moments

METRICS = names("metrics")
PIXELS = ("ms_ssim", "diversity_accuracy")
QUICK = {"kid": {"subsets": 3, "subset_size": 50}}


def seen(seed: int, n: int = 200) -> Features:
    pooled = np.random.default_rng(seed).normal(size=(n, 6)).astype(np.float32)
    marginal = np.full((2, 4), 0.25)
    return Features(
        pooled, 3 * pooled[:, :4], np.arange(n) % 4, marginal, pooled[:, 2:], np.arange(n) // 5
    )


def seen_by(kind: str, seed: int) -> Features:
    """What a metric needs: pixels, with one class of equal images, or logits at three sizes."""
    found = seen(seed)
    if kind in PIXELS:
        pixels = np.random.default_rng(seed).random((len(found), 64), dtype=np.float32)
        pixels[found.labels == 0] = pixels[0] if seed else pixels[found.labels == 0]
        return replace(found, pooled=pixels)
    if kind == "discriminability":
        return replace(found, pooled=np.tile(found.pooled[:, :4], 2))
    return found


def reference(kind: str = "") -> Reference:
    features = seen_by(kind, 0)
    labels = np.arange(len(features)) % 4
    return Reference(
        "classifier", "", "digits", "test", ImageShape(1, 8, 8), 4,
        features, moments(features.pooled), labels,
        artificial=np.random.default_rng(4).dirichlet(np.ones(4), len(labels)).astype(np.float32),
    )  # fmt: skip


def test_the_metrics_of_issue_2_are_there() -> None:
    assert {"accuracy", "fid", "inception_score", "kid", "precision_recall"} <= set(METRICS)


@pytest.mark.parametrize("kind", METRICS)
def test_a_metric_gives_the_numbers_it_names_and_always_the_same(kind: str) -> None:
    module = find("metrics", kind)
    settings = module.Settings(**QUICK.get(kind, {}))
    first = module.compute(settings, seen_by(kind, 1), reference(kind))
    assert tuple(first) == module.NAMES
    assert all(type(value) is float and np.isfinite(value) for value in first.values())
    assert module.compute(settings, seen_by(kind, 1), reference(kind)) == first
    assert not any(name.endswith(("_sd", "_std")) for name in first), "no spread is called sd"


@pytest.mark.parametrize("kind", METRICS)
def test_a_metric_works_with_the_least_samples_it_asks_for(kind: str) -> None:
    module = find("metrics", kind)
    settings = module.Settings(**QUICK.get(kind, {}))
    assert issubclass(module.Settings, Spec)
    least = module.least_samples(settings)
    found = module.compute(
        settings, seen_by(kind, 2).first(least) if least else None, reference(kind)
    )
    assert tuple(found) == module.NAMES


@pytest.mark.parametrize("kind", METRICS)
def test_a_metric_leaves_its_inputs_as_they_were(kind: str) -> None:
    module = find("metrics", kind)
    made, real = seen_by(kind, 3), reference(kind)
    before = (made.pooled.copy(), made.logits.copy(), real.sha256)
    module.compute(module.Settings(**QUICK.get(kind, {})), made, real)
    np.testing.assert_array_equal(made.pooled, before[0])
    np.testing.assert_array_equal(made.logits, before[1])
    assert real.sha256 == before[2] == reference(kind).sha256
