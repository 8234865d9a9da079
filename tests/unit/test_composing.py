"""Runs made of other runs: an ensemble samples as one model; the best of a grid is scored anew."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_repro import snapshots
from gan_repro.checking import read_yaml
from gan_repro.composing import JointImages, evaluate_ensemble, evaluate_selected
from gan_repro.datasets import digits
from gan_repro.drawing import SnapshotImages
from gan_repro.errors import EvaluationError
from gan_repro.evaluation import evaluate, measure
from gan_repro.images import LabelSet
from gan_repro.labels import class_subset
from gan_repro.layouts import Groups
from gan_repro.measuring import Reference
from gan_repro.nets.classifier import Classifier
from gan_repro.randomness import seed_for
from gan_repro.runs import RunSpec
from gan_repro.sampling import build

PROTOCOLS = read_yaml(Path(__file__).parents[2] / "conf" / "base" / "protocols.yml")
TRAIN, TEST = (digits.read(Path(), split) for split in ("train", "test"))
FRESH, SELECTING = "classifier_is_fresh_smoke", "classifier_is_smoke_last"


def a_run(name: str, labels: dict[str, Any] | None = None, method: bool = True) -> dict[str, Any]:
    tiny = {"kind": "acgan", "generator_width": 8, "discriminator_width": 4}
    return RunSpec(
        key=f"tests.joined.{name}.seed0", scale="smoke", dataset="digits", seed=0, rounds=50,
        batch_size=32, method=tiny if method else {}, labels=labels or {}, pixels="symmetric",
        engine={"threads": 1},
    ).model_dump(mode="json")  # fmt: skip


def untrained(run: dict[str, Any], seed: int) -> dict[str, torch.Tensor]:
    """A snapshot of fresh weights, larger than they begin, so that images differ."""
    spec = RunSpec.model_validate(run)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        game = build(spec, TEST.shape, spec.labels.size(10))
        generator = game.players["generator"]
        for parameter in generator.parameters():
            torch.nn.init.normal_(parameter, 0.0, 0.3)
    return snapshots.flatten({"generator": generator.state_dict()}, 50)


@functools.cache
def reference(extractor: str = "classifier") -> Reference:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = Classifier(1, 10, 4).state_dict()
    weights = {f"00000009/classifier/{name}": value for name, value in state.items()}
    return measure(TEST.first(300), extractor, "digits", "test", weights)


def group(number: int, count: int = 2) -> tuple[dict[str, Any], Any, LabelSet]:
    """A part's run, snapshots and labels."""
    settings = class_subset.Settings(groups=count, group=number)
    labels = {"kind": "class_subset", "settings": settings.model_dump()}
    run = a_run(f"part{number:02}", labels)
    return run, untrained(run, number), class_subset.make(settings, TRAIN)


def joint(count: int = 2) -> tuple[JointImages, list[SnapshotImages]]:
    parts = [group(number, count) for number in range(count)]
    images = [SnapshotImages(RunSpec(**run), kept, TEST.shape, 10) for run, kept, _ in parts]
    classes = [np.array(labels.manifest["classes"]) for *_, labels in parts]
    return JointImages("tests.joined.ensemble.seed0", images, classes, 10), images


def test_each_image_comes_from_the_part_that_has_its_class() -> None:
    whole, parts = joint()
    found = whole.draw(50, 200, 0, False)
    assert (found.classes, len(found)) == (10, 200)
    for place, part in enumerate(parts):
        mine = found.labels // 5 == place
        own = part.draw(50, int(mine.sum()), seed_for(0, f"sampling/part/{place}"), False)
        np.testing.assert_array_equal(found.images[mine], own.images)
        np.testing.assert_array_equal(found.labels[mine] - 5 * place, own.labels)


def test_parts_have_latents_of_their_own() -> None:
    run, kept, _ = group(0)
    twin = SnapshotImages(RunSpec(**run), kept, TEST.shape, 10)
    places = [np.arange(5), np.arange(5, 10)]
    found = JointImages("tests.joined.ensemble.seed0", [twin, twin], places, 10).draw(
        50, 200, 0, False
    )
    one, other = (found.images[found.labels // 5 == place][:50] for place in (0, 1))
    assert np.abs(one.astype(int) - other).mean(axis=(1, 2, 3)).min() > 1


def test_parts_are_drawn_by_how_many_classes_they_have() -> None:
    found = joint(3)[0].draw(50, 3000, 0, False).labels
    shares = np.bincount(found, minlength=10) / 3000
    np.testing.assert_allclose(shares, 0.1, atol=0.025)


def test_the_first_images_are_the_same_however_many_follow() -> None:
    whole, _ = joint()
    few, many = whole.draw(50, 30, 1, False), whole.draw(50, 100, 1, False)
    np.testing.assert_array_equal(few.images, many.images[:30])
    np.testing.assert_array_equal(few.labels, many.labels[:30])


def test_samples_of_several_generators_share_no_inputs() -> None:
    with pytest.raises(EvaluationError, match="several generators cannot share 'latents'"):
        joint()[0].draw(50, 10, 0, False, Groups(("latents",), 2))


def test_an_ensemble_is_scored_as_one_model() -> None:
    parts = [group(0), group(1)]
    loaded = [entry for part in parts for entry in part]
    own = a_run("ensemble", method=False)
    keys = {"runs": [run["key"] for run, *_ in parts]}
    asked = ["classifier_labels_smoke"]
    rows, sheet = evaluate_ensemble(own, asked, PROTOCOLS, keys, *loaded, reference())
    assert {row["run"] for row in rows} == {own["key"]}
    assert {row["snapshot"] for row in rows} == {50}
    assert {row["metric"] for row in rows} >= {"label_agreement"}
    assert sheet.size[0] > 10
    other = [*parts[0], *parts[1][:2], parts[0][2]]
    with pytest.raises(EvaluationError, match="expected each of 10 once"):
        evaluate_ensemble(own, asked, PROTOCOLS, keys, *other, reference())


def settings_of_a_grid() -> tuple[list[tuple[Any, ...]], list[list[dict[str, Any]]]]:
    """Three runs with other weights each, and the rows that one of them is selected by."""
    labels = LabelSet(TRAIN.labels, {})
    runs = [(run := a_run(f"setting{n:02}"), untrained(run, 10 + n), labels) for n in range(3)]
    scored = [
        evaluate(run, [SELECTING], PROTOCOLS, kept, given, reference())[0]
        for run, kept, given in runs
    ]
    return runs, scored


@pytest.mark.parametrize(("better", "choose"), [("higher", np.argmax), ("lower", np.argmin)])
def test_the_best_of_a_grid_is_scored_anew_on_other_samples(better: str, choose: Any) -> None:
    runs, scored = settings_of_a_grid()
    by = {"protocol": SELECTING, "metric": "inception_score", "better": better}
    keys = {"runs": [run["key"] for run, *_ in runs], "select": by}
    loaded = [entry for run in runs for entry in run]
    own = a_run("selected", method=False)
    rows, _ = evaluate_selected(own, [FRESH], PROTOCOLS, keys, *loaded, *scored, reference())
    values = [
        next(row["value"] for row in found if row["metric"] == "inception_score")
        for found in scored
    ]
    assert len(set(values)) == 3, "this test needs runs that differ"
    best = int(choose(values))
    found = {row["metric"]: row["value"] for row in rows}
    assert (found["selected_setting"], found["selection_score"]) == (best, values[best])
    run, kept, given = runs[best]
    alone, _ = evaluate(run, [FRESH], PROTOCOLS, kept, given, reference())
    fresh = {row["metric"]: row["value"] for row in alone}
    assert {name: found[name] for name in fresh} == fresh
    assert found["inception_score"] != values[best], "the samples are those of the selection"
    assert {row["run"] for row in rows} == {own["key"]}


def test_a_run_without_the_selecting_score_is_named() -> None:
    runs, scored = settings_of_a_grid()
    by = {"protocol": SELECTING, "metric": "fid", "better": "lower"}
    keys = {"runs": [run["key"] for run, *_ in runs], "select": by}
    loaded = [entry for run in runs for entry in run]
    with pytest.raises(EvaluationError, match=r"setting00\.seed0: has no fid under"):
        evaluate_selected(
            a_run("selected", method=False), [FRESH], PROTOCOLS, keys, *loaded, *scored, reference()
        )
