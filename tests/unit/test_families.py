"""Families whose last run is made of the others: their conditions, at a scale, and their nodes."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gan_repro import pipeline_registry
from gan_repro.campaign import read_campaign
from gan_repro.families import FamilySpec
from gan_repro.papers import read_paper
from gan_repro.resolution import resolve
from gan_repro.scales import read_scale

CONF = Path(__file__).parents[2] / "conf"
GRID = {"generator_learning_rate": [1e-4, 2e-4], "activation_noise": [0.0, 0.1, 0.2]}


def family(**made: Any) -> FamilySpec:
    return FamilySpec(
        dataset="cifar10", method={"kind": "acgan", "network": "b"}, rounds=10, batch_size=2,
        snapshots=(1.0,), evaluate=["fresh"], **made,
    )  # fmt: skip


def test_an_ensemble_has_a_condition_a_group_and_one_for_all_of_them() -> None:
    spec = family(ensemble={"groups": 3, "by": "random", "seed": 4})
    assert list(spec.conditions) == ["part00", "part01", "part02", "ensemble"]
    expected = {"groups": 3, "group": 1, "by": "random", "seed": 4, "extractor": None}
    assert spec.conditions["part01"].settings == expected
    assert spec.parts("ensemble") == ["part00", "part01", "part02"]
    assert spec.parts("part00") == []
    assert (spec.at("part00").method, spec.at("part00").evaluate) == (spec.method, [])
    assert (spec.at("ensemble").method, spec.at("ensemble").evaluate) == ({}, ["fresh"])
    assert len(family(ensemble={"groups": 101}).conditions["part007"].settings) == 5


def test_a_selection_has_a_condition_a_combination_and_one_for_the_best() -> None:
    spec = family(selection={"grid": GRID, "protocol": "first", "metric": "fid", "better": "lower"})
    assert list(spec.conditions) == [f"setting{n:02}" for n in range(6)] + ["selected"]
    at = spec.at("setting04")
    changed = {"generator_learning_rate": 2e-4, "activation_noise": 0.1}
    assert at.method == {"kind": "acgan", "network": "b", **changed}
    assert at.evaluate == ["first"]
    assert spec.at("selected").evaluate == ["fresh"]
    fewer = spec.with_grid({"activation_noise": [0.0, 0.2]})
    assert list(fewer.conditions) == ["setting00", "setting01", "selected"]
    assert fewer.at("setting01").method["activation_noise"] == 0.2
    assert spec.with_grid({}) is spec


def test_conditions_are_given_or_made_not_both() -> None:
    clean = {"clean": {"kind": "clean"}}
    for wrong in (
        {"conditions": clean, "ensemble": {"groups": 2}},
        {"ensemble": {"groups": 2}, "selection": {"grid": GRID, "protocol": "p", "metric": "m"}},
    ):
        with pytest.raises(
            ValidationError, match="exactly one of conditions, ensemble and selection"
        ):
            family(**wrong)
    with pytest.raises(ValidationError, match="conditions"):
        family()
    plain = family(conditions=clean)
    assert plain.at("clean") is plain


def test_at_smoke_scale_a_grid_is_cut_and_parts_are_named_by_their_keys() -> None:
    runs = resolve(read_paper(CONF / "papers/acgan.yml"), read_scale(CONF / "scales/smoke.yml"))
    grid = runs["cifar10_grid"]
    selected = grid["selected"]["seed0"]
    assert selected["parts"]["runs"] == [
        f"acgan.cifar10_grid.{name}.seed0" for name in grid if name != "selected"
    ]
    assert selected["parts"]["select"] == {
        "protocol": "classifier_is_smoke_last", "metric": "inception_score", "better": "higher",
    }  # fmt: skip
    assert selected["train"]["method"] == {}
    assert "parts" not in grid["setting00"]["seed0"]
    assert len(runs["cifar10_10x1"]) == 11
    assert "select" not in runs["cifar10_10x1"]["ensemble"]["seed0"]["parts"]


def test_a_run_made_of_others_waits_for_them_and_shows_no_real_images() -> None:
    campaign = read_campaign(CONF, "smoke")
    nodes = {node.name: node for node in pipeline_registry.build(campaign)["acgan"].nodes}
    joined = nodes["acgan.cifar10_2x5.evaluate_ensemble_seed0"]
    for part in ("part00", "part01"):
        assert f"acgan.cifar10_2x5.{part}.seed0.snapshots" in joined.inputs
    assert "labels.digits.class_subset_groups2_group0_byorder_extractorNone_seed0" in joined.inputs
    best = nodes["acgan.cifar10_grid.evaluate_selected_seed0"]
    assert "acgan.cifar10_grid.setting00.seed0.scores" in best.inputs
    assert "acgan.cifar10_grid.train_selected_seed0" not in nodes
    by_key = {run.key: run for run in campaign.runs}
    assert not by_key["acgan.cifar10_grid.selected.seed0"].shows_real
    assert by_key["acgan.cifar10_real.clean.seed0"].shows_real
    calibration = pipeline_registry.build(campaign)["calibration"].nodes
    assert not any("cifar10_grid" in node.name for node in calibration)
