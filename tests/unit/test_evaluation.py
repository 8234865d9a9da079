"""Protocols applied to real games at tiny sizes: rows, snapshots, references and sheets."""

import functools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_repro import kinds, snapshots
from gan_repro.checking import read_yaml
from gan_repro.datasets import digits
from gan_repro.errors import ConfigurationError, EvaluationError
from gan_repro.evaluation import due_rounds, evaluate, measure
from gan_repro.images import LabelSet
from gan_repro.measuring import Reference
from gan_repro.protocols import choose, read_protocols
from gan_repro.runs import RunSpec
from gan_repro.score_rows import MEAN_OF_LAST_FIVE, ScoreRow

PROTOCOLS = read_yaml(Path(__file__).parents[2] / "conf" / "base" / "protocols.yml")
SHARES = [0.2, 0.4, 0.6, 0.8, 0.96876, 0.97657, 0.98438, 0.99219, 1.0]  # JGAN's
TINY = {"generator_width": 8, "discriminator_width": 8}
LABELS = LabelSet(digits.read(Path(), "train").labels, {})


def a_run(kind: str = "sngan", shares: list[float] = SHARES, **method: Any) -> dict[str, Any]:
    settings = {} if kind == "classifier" else TINY
    return RunSpec(
        key=f"tests.{kind}.clean.seed0", scale="smoke", dataset="digits", seed=0, rounds=50,
        batch_size=32, method={"kind": kind, **settings, **method}, snapshots=shares,
        engine={"threads": 1},
    ).model_dump(mode="json")  # fmt: skip


@functools.cache
def untrained(kind: str, rounds: tuple[int, ...]) -> dict[str, torch.Tensor]:
    """Fresh weights for each round, so that each snapshot scores differently."""
    run = RunSpec.model_validate(a_run(kind))
    shape, classes = digits.read(Path(), "test").shape, 10
    kept: dict[str, torch.Tensor] = {}
    for played in rounds:
        torch.manual_seed(played)
        game = kinds.find("methods", kind).build(run.settings(), shape, classes)
        weights = {name: game.players[name].state_dict() for name in game.published}
        kept |= snapshots.flatten(weights, played)
    return kept


def of(run: dict[str, Any]) -> dict[str, torch.Tensor]:
    return untrained(run["method"]["kind"], RunSpec.model_validate(run).snapshot_rounds)


@functools.cache
def reference(split: str = "test") -> Reference:
    weights = untrained("classifier", (50,))
    return measure(digits.read(Path(), split), "classifier", "digits", split, weights)


def score(run: dict[str, Any], *names: str, **changes: Any) -> tuple[list[dict[str, Any]], Any]:
    conf = {name: {**PROTOCOLS[name], **changes} for name in names}
    return evaluate(run, list(names), conf, of(run), LABELS, reference())


def test_rows_hold_what_a_number_can_be_followed_to() -> None:
    run = a_run()
    rows, _ = score(run, "classifier_is_smoke")
    assert json.loads(json.dumps(rows)) == rows
    assert [ScoreRow.model_validate(row).model_dump(mode="json") for row in rows] == rows
    assert {row["snapshot"] for row in rows} == {48, 49, 50, MEAN_OF_LAST_FIVE}
    for row in rows:
        assert (row["run"], row["protocol"], row["n"]) == (run["key"], "classifier_is_smoke", 300)
        assert row["extractor_sha256"] == reference().extractor_sha256
        assert row["reference_sha256"] == reference().sha256
        assert len(row["checkpoint_sha256"]) == 64
    checkpoints = {str(row["snapshot"]): row["checkpoint_sha256"] for row in rows}
    assert len(set(checkpoints.values())) == 4, "three snapshots and their mean"


def test_the_mean_of_the_last_five_is_the_mean_of_their_rows() -> None:
    rows, _ = score(a_run(), "classifier_is_smoke")
    for metric in ("inception_score", "inception_score_spread"):
        ours = {row["snapshot"]: row for row in rows if row["metric"] == metric}
        mean = ours.pop(MEAN_OF_LAST_FIVE)
        assert mean["value"] == pytest.approx(np.mean([row["value"] for row in ours.values()]))
        assert mean["rounds"] == [48, 49, 50] == sorted(ours)
        assert len({row["value"] for row in ours.values()}) == 3


def test_last_five_are_shares_of_the_run_even_where_they_fall_together() -> None:
    run = RunSpec.model_validate(a_run())
    (last_five,) = choose(["classifier_is_smoke"], PROTOCOLS)
    assert due_rounds(last_five, run, snapshots.rounds(of(a_run()))) == (48, 49, 50)
    long = run.model_copy(update={"rounds": 100_000})
    assert due_rounds(last_five, long, long.snapshot_rounds) == (96876, 97657, 98438, 99219, 100000)


def test_a_course_scores_every_snapshot() -> None:
    rows, _ = score(a_run(), "classifier_course_smoke")
    fid = [row["snapshot"] for row in rows if row["metric"] == "fid"]
    assert fid == [10, 20, 30, 40, 48, 49, 50]


def test_evaluating_twice_gives_the_same_bits() -> None:
    first, one = score(a_run("jgan"), "classifier_is_smoke", "classifier_distances_smoke")
    again, two = score(a_run("jgan"), "classifier_is_smoke", "classifier_distances_smoke")
    assert first == again
    assert one.tobytes() == two.tobytes()
    assert {"fid", "kid", "precision", "recall"} <= {row["metric"] for row in first}


@pytest.mark.parametrize("latent_size", [5, 128])
def test_a_score_does_not_depend_on_the_other_protocols(latent_size: int) -> None:
    run = a_run("acgan_resnet", [1.0], latent_size=latent_size)
    torch.manual_seed(0)
    spec = RunSpec.model_validate(run)
    game = kinds.find("methods", "acgan_resnet").build(spec.settings(), reference().shape, 10)
    kept = snapshots.flatten({"generator": game.players["generator"].state_dict()}, 50)
    small = {**PROTOCOLS["classifier_distances_smoke"], "samples": 201}
    large = {**PROTOCOLS["classifier_distances_smoke"], "samples": 777}
    conf = {"small": small, "large": large}
    alone, _ = evaluate(run, ["small"], conf, kept, LABELS, reference())
    beside, _ = evaluate(run, ["large", "small"], conf, kept, LABELS, reference())
    expected = {row["metric"]: row["value"] for row in alone}
    found = {row["metric"]: row["value"] for row in beside if row["protocol"] == "small"}
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6)
    other = {row["metric"]: row["value"] for row in beside if row["protocol"] == "large"}
    assert other != pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_another_sampling_seed_gives_other_samples() -> None:
    values = []
    for seed in (0, 1):
        rows, _ = score(a_run(), "classifier_distances_smoke", sampling_seed=seed)
        values.append(next(row["value"] for row in rows if row["metric"] == "fid"))
    assert values[0] != values[1]


def test_real_images_are_near_the_reference_and_untrained_generators_far() -> None:
    rows, _ = score(a_run(), "classifier_distances_smoke")
    made = {row["metric"]: row["value"] for row in rows}
    train = reference("train")
    module = kinds.find("metrics", "fid")
    real = module.compute(module.Settings(), train.features, reference())["fid"]
    assert made["fid"] > 10 * real


def test_a_classifiers_own_accuracy_is_a_row_and_its_sheet_shows_confusions() -> None:
    run = a_run("classifier", [1.0])
    rows, sheet = evaluate(run, ["classifier_accuracy"], PROTOCOLS, of(run), LABELS, reference())
    (row,) = rows
    logits = reference().features.logits
    expected = float((logits.argmax(axis=1) == digits.read(Path(), "test").labels).mean())
    assert (row["metric"], row["snapshot"], row["n"]) == ("accuracy", 50, 0)
    assert math.isclose(row["value"], expected)
    assert sheet.size == (200, 200)


def test_sheets_have_a_row_a_class_where_there_are_labels() -> None:
    for kind in ("sngan", "jgan", "projection_cbn"):
        _, sheet = score(a_run(kind, [1.0]), "classifier_distances_smoke")
        assert sheet.size[0] == sheet.size[1] == (10 * 9 + 1) * 7


def test_a_missing_reference_is_named() -> None:
    run = a_run()
    with pytest.raises(EvaluationError, match=r"needs the reference digits\.classifier\.test"):
        evaluate(run, ["classifier_is_smoke"], PROTOCOLS, of(run), LABELS, reference("train"))


def test_a_reference_of_other_weights_is_refused() -> None:
    other = reference()
    moved = {name: values + 1 for name, values in other.weights.items()}
    fake = Reference(**{**{k: getattr(other, k) for k in other.__match_args__}, "weights": moved})
    with pytest.raises(EvaluationError, match="Measure it again"):
        evaluate(a_run(), ["classifier_is_smoke"], PROTOCOLS, of(a_run()), LABELS, fake)


def test_a_missing_snapshot_and_too_few_of_them_are_errors() -> None:
    run = a_run()
    half = {key: value for key, value in of(run).items() if not key.startswith("00000049")}
    with pytest.raises(EvaluationError, match="no snapshot of round 49; kept are 10, 20"):
        evaluate(run, ["classifier_is_smoke"], PROTOCOLS, half, LABELS, reference())
    short = a_run(shares=[0.5, 1.0])
    with pytest.raises(EvaluationError, match="over the last 5 snapshots, but the run keeps 2"):
        evaluate(short, ["classifier_is_smoke"], PROTOCOLS, of(short), LABELS, reference())


def test_an_unknown_protocol_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'classifier_is_smoke'"):
        evaluate(a_run(), ["classifier_is_smok"], PROTOCOLS, of(a_run()), LABELS, reference())


def test_a_score_that_is_not_finite_is_an_error() -> None:
    run = a_run(shares=[1.0])
    weights = {k: np.full_like(v, np.nan) if "head" in k else v
               for k, v in reference().weights.items()}  # fmt: skip
    blind = measure(
        digits.read(Path(), "test"), "classifier", "digits", "test",
        {key: torch.from_numpy(value) for key, value in weights.items()},
    )  # fmt: skip
    conf = {"one": {**PROTOCOLS["classifier_is_smoke"], "snapshots": "last"}}
    with pytest.raises(EvaluationError, match="one: inception_score is nan"):
        evaluate(run, ["one"], conf, of(run), LABELS, blind)


def test_efficientnet_scores_digits_too() -> None:
    test = digits.read(Path(), "test").first(40)
    seen = measure(test, "efficientnet_lite0_112", "digits", "test")
    assert seen.weights == {}
    run = a_run(shares=[1.0])
    conf = {"few": {**PROTOCOLS["efficientnet_lite0_112_fid_2k"], "samples": 48,
                    "reference_count": 32, "metrics": {"kid": {"subset_size": 30}}}}  # fmt: skip
    rows, _ = evaluate(run, ["few"], conf, of(run), LABELS, seen)
    values = {row["metric"]: row["value"] for row in rows}
    assert values["kid"] > 3 * values["kid_spread"] > 0


def test_the_scales_ask_for_protocols_that_exist() -> None:
    known = read_protocols(PROTOCOLS)
    scales = sorted((Path(__file__).parents[2] / "conf" / "scales").glob("*.yml"))
    assert scales
    for file in scales:
        for role, named in read_yaml(file)["protocols"].items():
            for name in [named] if isinstance(named, str) else named:
                assert name in known, f"{file.name}: {role}"


def test_labels_of_another_size_are_sampled_and_compared() -> None:
    """Weak labels have columns of their own; a row of the data set's classes would not load."""
    run = a_run("jgan", [1.0]) | {
        "labels": {"kind": "clusters", "settings": {"clusters": 4, "extractor": "autoencoder"}}
    }
    spec = RunSpec.model_validate(run)
    game = kinds.find("methods", "jgan").build(spec.settings(), reference().shape, 4)
    kept = snapshots.flatten({"generator": game.players["generator"].state_dict()}, 50)
    labels = LabelSet(np.arange(100) % 4, {})
    rows, sheet = evaluate(run, ["classifier_marginal_smoke"], PROTOCOLS, kept, labels, reference())
    values = {row["metric"]: row["value"] for row in rows}
    assert 0 <= values["label_tv"] < values["label_tv_hard"] <= 0.75
    assert sheet.size[0] == sheet.size[1]
    with pytest.raises(EvaluationError, match="Weak labels name no classes"):
        evaluate(run, ["classifier_pairs_smoke"], PROTOCOLS, kept, labels, reference())


def test_generated_pairs_are_scored_for_agreement() -> None:
    rows, _ = score(a_run("projection_cbn", [1.0]), "classifier_pairs_smoke")
    values = {row["metric"]: row["value"] for row in rows}
    assert 0 <= values["label_agreement"] <= 1
    assert values["label_tv"] == pytest.approx(values["label_tv_hard"])
    assert values["label_tv"] < 0.2  # classes are drawn evenly
