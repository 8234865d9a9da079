"""Pipelines, catalog and code fit together at every scale."""

import subprocess
import sys
from functools import cache

import pytest
from kedro.pipeline import Pipeline

from gan_repro import code_files, dvc_export, dvc_stages, locks, pipeline_registry
from gan_repro.campaign import read_campaign
from gan_repro.entries import Entries
from gan_repro.errors import ConfigurationError
from tiny_project import ROOT

SCALES = locks.scales(ROOT / "conf")
SOURCE = code_files.SOURCE / code_files.PACKAGE


@cache
def built(scale: str) -> dict[str, Pipeline]:
    return pipeline_registry.build(read_campaign(ROOT / "conf", scale))


@pytest.mark.parametrize("scale", SCALES)
def test_every_entry_of_every_pipeline_has_a_file_of_its_own(scale: str) -> None:
    entries = Entries(ROOT, scale)
    made = sorted({name for node in built(scale)["__default__"].nodes for name in node.outputs})
    paths = [entries.path(name) for name in made]
    assert len(set(paths)) == len(paths)
    assert all(scale in path for path in paths), "every path holds the scale"
    read = {name for node in built(scale)["__default__"].nodes for name in node.inputs}
    assert all(entries.path(name) for name in read)


def test_an_entry_without_a_file_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="so DVC cannot see it change"):
        Entries(ROOT, "smoke").path("surprise")


@pytest.mark.parametrize("scale", SCALES)
def test_a_pipeline_needs_nothing_that_it_does_not_make(scale: str) -> None:
    configuration = ("raw.", "cards.", "papers.", "evidence.", "protocols", "scale", "votes")
    for name, pipeline in built(scale).items():
        free = {
            entry
            for entry in pipeline.inputs()
            if not entry.startswith(configuration)
            and not entry.endswith((".run", ".evaluate", ".parts"))
        }
        assert (name == "report") == bool(free), (name, sorted(free)[:5])


@pytest.mark.parametrize("scale", SCALES)
def test_there_is_a_pipeline_for_each_step_paper_and_table(scale: str) -> None:
    campaign = read_campaign(ROOT / "conf", scale)
    tables = {f"{paper.paper}_{table}" for paper, table in campaign.tables()}
    papers = {paper.paper for paper in campaign.papers}
    assert {"data", "labels", "reference", "report", "__default__"} | papers | tables <= set(
        built(scale)
    )
    assert papers
    assert all((node.namespace or "").count(".") <= 1 for node in built(scale)["jgan"].nodes)


def test_wiring_does_not_import_pytorch() -> None:
    program = (
        "import sys; from pathlib import Path; from gan_repro import pipeline_registry, cli, hooks;"
        "from gan_repro.campaign import read_campaign;"
        "pipeline_registry.build(read_campaign(Path('conf'), 'cpu'));"
        "heavy = {'torch', 'matplotlib', 'sklearn', 'torchvision', 'PIL'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def names(root: str) -> set[str]:
    return {path.relative_to(SOURCE).as_posix() for path in code_files.files_of(root)}


def test_a_functions_code_is_its_imports_to_the_end() -> None:
    from gan_repro import training
    from gan_repro.pipelines.report import fill_table

    trained = names(code_files.root_of(training.train))
    assert {"training/__init__.py", "training/loop.py", "game.py", "kinds.py"} <= trained
    assert not any(name.startswith(("methods/", "tables/", "pipelines/")) for name in trained)
    method = names("methods/jgan")
    assert {"methods/jgan.py", "nets/resnet.py"} <= method
    assert "methods/sngan.py" not in method
    # a function of pipelines/ answers for what it calls, not for the wiring around it
    filled = names(code_files.root_of(fill_table))
    assert "tables/fill.py" in filled
    assert not any(name.startswith("pipelines/") for name in filled)
    assert "tables/report.py" not in filled


def test_every_hash_that_a_stage_depends_on_is_made() -> None:
    campaign = read_campaign(ROOT / "conf", dvc_stages.TOP_LEVEL_SCALE)
    made = dvc_stages.code_hashes(campaign)
    files = [f for f in dvc_export.expected(ROOT).items() if f[0].parts[:1] == ("dvc",)]
    stages = [stage for _, text in files for stage in locks.load_text(text)["stages"].values()]
    asked = {
        root
        for stage in stages
        for params in stage.get("params", [])
        for root in params.get(dvc_stages.CODE_HASHES.as_posix(), [])
    }
    assert "methods/jgan" in asked
    assert asked <= made.keys()
