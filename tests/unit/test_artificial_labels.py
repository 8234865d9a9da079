"""A run's own labels of real images: asked of its snapshot, and scored by their purity."""

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny_runs as tiny
from gan_repro.artificial import probabilities
from gan_repro.checking import read_yaml
from gan_repro.datasets import digits
from gan_repro.errors import EvaluationError
from gan_repro.evaluation import calibrate, evaluate, measure
from gan_repro.game import Clock
from gan_repro.images import MISSING, ImageSet, ImageShape, LabelSet
from gan_repro.measuring import Features, Reference
from gan_repro.metrics.artificial_labels import NAMES, Settings, compute
from gan_repro.runs import RunSpec

PROTOCOLS = read_yaml(Path(__file__).parents[2] / "conf" / "base" / "protocols.yml")
PROTOCOL: dict[str, Any] = {
    **PROTOCOLS["classifier_is_smoke_last"], "title": "Purity", "extractor": "pixels",
    "metrics": {"artificial_labels": {"threshold": 0.2}}, "samples": 0, "snapshots": "all",
}  # fmt: skip


def reference(said: np.ndarray | None, true: np.ndarray, classes: int = 3) -> Reference:
    return Reference(
        "pixels", "", "digits", "test", ImageShape(1, 1, 1), classes,
        Features(np.zeros((len(true), 1), np.float32), None), None, true, artificial=said,
    )  # fmt: skip


def noisy(count: int = 300, labels: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Labels that name a true class the better, the surer they are; and true classes."""
    rng = np.random.default_rng(0)
    said = rng.dirichlet(np.full(labels, 0.6), count).astype(np.float32)
    sure = rng.random(count) < said.max(axis=1)
    true = np.where(sure, said.argmax(axis=1) % 3, rng.integers(0, 3, count))
    return said, true


def plainly(said: np.ndarray, true: np.ndarray) -> dict[int, list[bool]]:
    """By tenth, whether each image has its label's majority class; one image after the other."""
    tenths: dict[int, list[bool]] = {}
    labels = [int(row.argmax()) for row in said]
    for label in set(labels):
        own = [n for n in range(len(true)) if labels[n] == label]
        majority = Counter(sorted(true[own].tolist())).most_common(1)[0][0]
        own.sort(key=lambda n: -float(said[n].max()))
        for rank, n in enumerate(own):
            tenths.setdefault(rank * 10 // len(own), []).append(bool(true[n] == majority))
    return tenths


def test_purity_is_that_of_a_plain_count():
    said, true = noisy()
    found = compute(Settings(threshold=0.7), None, reference(said, true))
    tenths = plainly(said, true)
    for tenth in range(10):
        assert found[f"purity_decile_{tenth + 1}"] == pytest.approx(np.mean(tenths[tenth]))
    assert found["purity"] == pytest.approx(
        np.mean([hit for all_ in tenths.values() for hit in all_])
    )
    assert found["purity_gap"] == found["purity_decile_1"] - found["purity_decile_10"] > 0.1
    assert found["kept"] == pytest.approx(np.mean([max(row) >= 0.7 for row in said]))
    shares = [count / 300 for count in Counter(said.argmax(axis=1).tolist()).values()]
    assert found["largest_class"] == pytest.approx(max(shares))
    entropy = -sum(share * np.log2(share) for share in shares) / 2  # of at most log2(4)
    assert found["class_evenness"] == pytest.approx(entropy)
    assert found["reliability"] == pytest.approx(float(said.max(axis=1).mean()))
    assert tuple(found) == NAMES


def test_images_without_a_true_class_do_not_count():
    said, true = noisy()
    some = np.where(np.arange(300) < 200, true, MISSING)
    found = compute(Settings(), None, reference(said, some))
    assert found == compute(Settings(), None, reference(said[:200], true[:200]))


def test_labels_of_few_images_have_no_tenths():
    said, true = noisy()
    few = np.zeros((5, 4), np.float32)
    few[:, 3] = 1.0
    kept = said.argmax(axis=1) != 3
    alone = compute(Settings(), None, reference(said[kept], true[kept]))
    more = np.concatenate([said[kept], few]), np.concatenate([true[kept], np.arange(5) % 3])
    beside = compute(Settings(), None, reference(*more))
    for name in ("purity_decile_1", "purity_decile_10", "purity_gap"):
        assert alone[name] == beside[name]
    assert alone["purity"] != beside["purity"]


def test_labels_that_nobody_gave_and_too_few_images_are_refused():
    said, true = noisy()
    with pytest.raises(EvaluationError, match="have no artificial labels"):
        compute(Settings(), None, reference(None, true))
    with pytest.raises(
        EvaluationError, match=r"39 images of .* have a true class, expected at least 40"
    ):
        compute(Settings(), None, reference(said[:39], true[:39]))


# from a snapshot


def a_run(**settings: Any) -> dict[str, Any]:
    given = tiny.run("self_labeling", settings=settings, rounds=2, snapshots=(0.5, 1.0))
    return RunSpec(**given).model_dump(mode="json")


@cache
def snapshots() -> dict[str, torch.Tensor]:
    table = tiny.table(a_run())
    kept: dict[str, torch.Tensor] = {}
    for number in range(2):
        table.play(Clock(number, 2))
        kept |= table.snapshot(number + 1)
    return kept


@cache
def images() -> ImageSet:
    return digits.read(Path(), "test")


def test_the_labeller_is_asked_as_it_was_after_a_round():
    run = RunSpec.model_validate(a_run())
    first, last = (
        probabilities(run, snapshots(), played, images().images, 10) for played in (1, 2)
    )
    assert first.shape == (len(images()), 10)
    assert abs(first.sum(axis=1) - 1).max() < 1e-5
    assert abs(first - last).max() > 1e-5
    again = probabilities(run, snapshots(), 1, images().images, 10)
    assert np.array_equal(first, again)


def test_a_run_without_a_teacher_labels_nothing():
    table = tiny.table(a_run(artificial="none"))
    run = RunSpec.model_validate(a_run(artificial="none"))
    with pytest.raises(EvaluationError, match="'self_labeling' labels no images"):
        probabilities(run, table.snapshot(1), 1, images().images, 10)


def test_pixels_give_the_images_back():
    seen = measure(images(), "pixels", "digits", "test")
    assert np.array_equal(seen.images(), images().images)
    with pytest.raises(EvaluationError, match="Use the extractor 'pixels'"):
        replace(seen, extractor="classifier").images()


def test_a_protocol_scores_purity_over_training():
    seen = measure(images(), "pixels", "digits", "test")
    run = a_run()
    rows, sheet = evaluate(
        run, ["mine"], {"mine": PROTOCOL}, snapshots(), LabelSet(images().labels, {}), seen
    )
    by_round = {(row["metric"], row["snapshot"]): row["value"] for row in rows}
    assert {(name, played) for name in NAMES for played in (1, 2)} <= set(by_round)
    spec = RunSpec.model_validate(run)
    for played in (1, 2):
        said = probabilities(spec, snapshots(), played, images().images, 10)
        expected = compute(Settings(threshold=0.2), None, replace(seen, artificial=said))
        assert {name: by_round[name, played] for name in NAMES} == expected
    assert sheet.size[0] > 0


def test_real_images_have_no_labeller():
    seen = measure(images(), "pixels", "digits", "test")
    run = RunSpec(**{**tiny.run("sngan", rounds=1), "method": {}}).model_dump(mode="json")
    last = {**PROTOCOL, "snapshots": "last"}
    with pytest.raises(EvaluationError, match="nothing was trained that could give any"):
        calibrate(run, ["mine"], {"mine": last}, images(), seen)
