"""Real Kedro sessions: raw bytes to filled tables, from Python and from the command line."""

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from gan_repro import locks
from tiny_project import Project

TABLES = "data/08_reporting/{scale}/tables/jgan/{table}.json"


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A tiny project that this process works in, with a second scale."""
    said = {"scale": "second", "honesty": "Second scale: the smoke scale again."}
    second = project.read("conf/scales/smoke.yml") | said
    project.write("conf/scales/second.yml", second)
    globals_ = project.read("conf/smoke/globals.yml")
    project.write("conf/second/globals.yml", globals_ | {"scale": "second"})
    locks.write(project.root / "conf", "second")
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("GAN_REPRO_STATE", str(project.root / ".state"))
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # Kedro's own
        bootstrap_project(project.root)
        yield project


def play(project: Project, names: list[str], env: str | None = None) -> None:
    with KedroSession.create(project_path=project.root, env=env) as session:
        session.run(pipeline_names=names)


def test_a_session_fills_a_table_and_a_second_one_another_scale(inside: Project) -> None:
    play(inside, ["jgan_table_1a", "report"])
    table = inside.read(TABLES.format(scale="smoke", table="table_1a"))
    assert [cell["missing"] for cell in table["cells"]] == [[]] * 4
    sources = [source for cell in table["cells"] for source in cell["sources"]]
    assert all(source["checkpoint_sha256"] and source["reference_sha256"] for source in sources)
    assert not (inside.root / "data/06_models/smoke/jgan/cifar100_projection_cbn").exists()
    # the report shows the other table as not run
    unfinished = inside.read(TABLES.format(scale="smoke", table="table_1b"))
    assert "not run" in unfinished["cells"][0]["missing"][0]
    page = (inside.root / "build/report/smoke.html").read_text(encoding="utf-8")
    assert "Smoke scale" in page

    play(inside, ["data"], env="second")
    tags = {tag for node in pipelines["data"].nodes for tag in node.tags}
    assert tags == {"second", "digits", "digit_pairs"}
    assert (inside.root / "data/03_primary/second/digits/train/about.json").is_file()


def test_real_images_are_scored_before_anything_is_trained(inside: Project) -> None:
    play(inside, ["calibration"])
    scores = inside.read("data/08_reporting/smoke/jgan/cifar10_real/clean/seed0/scores.json")
    assert {row["snapshot"] for row in scores} == {"real images"}
    assert not (inside.root / "data/06_models/smoke/jgan").exists()
    play(inside, ["report"])
    table = inside.read(TABLES.format(scale="smoke", table="table_2"))
    filled = {cell["row"]: cell["mean"] is not None for cell in table["cells"]}
    assert filled == {"real": True, "jgan_clusters": False}


def test_weak_labels_are_made_trained_on_and_compared(inside: Project) -> None:
    play(inside, ["jgan"])
    (slug,) = (inside.root / "data/05_model_input/smoke/digits").glob("clusters_*")
    manifest = json.loads((slug / "manifest.json").read_text())
    assert manifest["settings"]["extractor"] == "autoencoder"
    assert sum(manifest["cluster_sizes"]) == manifest["items"] == 1442
    scores = inside.read(
        "data/08_reporting/smoke/jgan/cifar10_jgan_weak/clusters/seed0/scores.json"
    )
    assert any(row["metric"] == "label_tv" for row in scores)
    assert (inside.root / "build/results/smoke/jgan/figure_3.png").is_file()
    assert (inside.root / "build/results/smoke/jgan/figure_4.png").is_file()


def test_scores_of_a_second_run_are_bit_identical(inside: Project) -> None:
    path = inside.root / "data/08_reporting/smoke/jgan/cifar10_sngan/clean/seed0/scores.json"
    weights = (
        inside.root / "data/06_models/smoke/jgan/cifar10_sngan/clean/seed0/snapshots.safetensors"
    )
    found = []
    for _ in range(2):
        play(inside, ["jgan_table_1a"])
        found.append((path.read_bytes(), weights.read_bytes()))
        os.rename(inside.root / ".state", inside.root / f"state-{len(found)}")
    assert found[0] == found[1]
    assert json.loads(found[0][0])[0]["run"] == "jgan.cifar10_sngan.clean.seed0"


def test_an_environment_without_a_scale_is_refused(inside: Project) -> None:
    with (
        pytest.raises(Exception, match="names no scale"),
        KedroSession.create(project_path=inside.root, env="papers") as session,
    ):
        session.run(pipeline_names=["data"])


def test_the_data_root_can_lie_elsewhere(
    inside: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_REPRO_DATA", str(tmp_path / "elsewhere"))
    play(inside, ["data"])
    assert (tmp_path / "elsewhere/03_primary/smoke/digits/train/images.npy").is_file()
    assert not (inside.root / "data").exists()


def test_commands_leave_the_configuration_alone(project: Project) -> None:
    before = (project.root / "pyproject.toml").read_bytes()
    said = project.run("kedro", "run", "--pipelines", "labels")
    assert (project.root / "pyproject.toml").read_bytes() == before
    assert "usage data" not in said
    assert "WARNING" not in said
    assert "Warning" not in said
