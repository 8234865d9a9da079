"""Nodes of figures: what each is drawn from, and the maps of codes that some of them ask for."""

from typing import Any

import numpy as np
import pytest

import tiny_codes
import tiny_runs as tiny
from gan_repro import pipeline_registry
from gan_repro.campaign import Campaign
from gan_repro.checking import read_yaml
from gan_repro.dvc_stages import Stages
from gan_repro.errors import ConfigurationError
from gan_repro.layouts import Layout
from gan_repro.locks import LockedRun
from gan_repro.papers import PaperSpec
from gan_repro.pipelines.evaluation import draw_layouts
from gan_repro.runs import RunSpec
from tiny_project import ROOT

PROTOCOLS = read_yaml(ROOT / "conf/base/protocols.yml")
RUNS = [{"title": "ours", "run": "coded.alexnet"}, {"title": "theirs", "run": "plain.clean"}]
CURVES = {"protocol": "course", "metrics": {"fid": "FID"}, "losses": True, "runs": RUNS}
MAP = {"show": ["hits"], "runs": RUNS[:1]}
LAID = [[{**run, "layout": layout} for layout in ("even", "near")] for run in RUNS]
PAPER = PaperSpec(
    paper="maps", title="", citation="", protocols={}, families={}, tables={},
    figures={
        "curves": {"title": "", "source": "", "curves": CURVES},
        "codes": {"title": "", "source": "", "embedding": MAP},
        "again": {"title": "", "source": "", "embedding": MAP},
        "laid": {"title": "", "source": "", "panels": [*LAID, RUNS[:1]]},
    },
    layouts={"even": {"along_rows": ["codes"]}, "near": {"nearest": True}, "unused": {}},
    agreement={"tolerance": {}, "reason": ""},
)  # fmt: skip


def locked(family: str, condition: str, seed: int, **train: Any) -> LockedRun:
    key = f"maps.{family}.{condition}.seed{seed}"
    spec = RunSpec.model_validate(tiny_codes.run() | {"key": key, "scale": "smoke"} | train)
    content = spec.model_dump(mode="json")
    return LockedRun("maps", family, condition, f"seed{seed}", content, ["classifier_course_smoke"])


INSTRUMENT = locked("x", "clean", 0, method={"kind": "classifier"}, labels={"kind": "clean"})
CODED = [locked("coded", "alexnet", seed) for seed in (0, 1)]
PLAIN = locked("plain", "clean", 0, method={"kind": "sngan"}, labels={"kind": "clean"})
INSTRUMENT = INSTRUMENT._replace(paper="shared", family="classifier_digits", evaluate=[])


def campaign(*runs: LockedRun) -> Campaign:
    return Campaign("smoke", runs or (*CODED, PLAIN, INSTRUMENT), PROTOCOLS, (PAPER,))


def test_a_figure_is_drawn_from_the_entries_of_its_runs() -> None:
    nodes = {node.name: node for node in pipeline_registry.build(campaign())["report"].nodes}
    curves = nodes["maps.figures.draw_curves"]
    assert curves.inputs == [
        "papers.maps.figures.curves",
        "scale.of_tables",
        "maps.coded.alexnet.seed0.scores",
        "maps.coded.alexnet.seed1.scores",
        "maps.plain.clean.seed0.scores",
        "maps.coded.alexnet.seed0.history",
        "maps.plain.clean.seed0.history",
    ]
    codes = nodes["maps.figures.draw_codes"]
    assert codes.inputs == ["papers.maps.figures.codes", "maps.coded.alexnet.seed0.embedding"]
    assert codes.outputs == ["figures.maps.codes"]


def test_a_map_is_made_once_for_the_first_seed_wherever_a_figure_needs_it() -> None:
    built = pipeline_registry.build(campaign())
    for name, expected in (("__default__", 1), ("maps", 1), ("report", 0), ("reference", 0)):
        found = [node for node in built[name].nodes if "embed_" in node.name]
        assert len(found) == expected, name
    (node,) = (node for node in built["maps"].nodes if "embed_" in node.name)
    assert node.name == "maps.coded.embed_alexnet_seed0"
    assert node.inputs == [
        "maps.coded.alexnet.seed0.run",
        "maps.coded.alexnet.seed0.snapshots",
        f"reference.digits.test.{tiny_codes.ENCODER}",
        "reference.digits.test.classifier",
    ]
    assert set(node.inputs[2:]) <= {n for made in built["maps"].nodes for n in made.outputs}
    order = [n.name for n in built["__default__"].nodes]
    assert order.index(node.name) < order.index("report.render_report")


def test_a_figure_of_runs_that_a_scale_does_not_have_is_drawn_all_the_same() -> None:
    nodes = pipeline_registry.build(campaign(PLAIN, INSTRUMENT))["__default__"].nodes
    inputs = {node.name: node.inputs for node in nodes}
    assert inputs["maps.figures.draw_codes"] == ["papers.maps.figures.codes"]
    assert not any("embed_" in name for name in inputs)


def test_a_run_that_no_classifier_looks_at_cannot_be_mapped() -> None:
    apart = CODED[0]._replace(evaluate=["efficientnet_lite0_112_fid_2k"])
    with pytest.raises(ConfigurationError) as caught:
        pipeline_registry.build(campaign(apart, INSTRUMENT))
    assert "maps.coded.alexnet.seed0: a figure's embedding shows" in str(caught.value)
    assert "conf/scales/smoke.yml" in str(caught.value)


def test_dvc_knows_maps_as_outputs_and_as_evidence() -> None:
    stages = Stages(ROOT, campaign())
    path = "data/08_reporting/smoke/maps/coded/alexnet/seed0/embedding.json"
    (file,) = stages.files().values()
    (made,) = (stage for stage in file.values() if path in stage["outs"])
    assert "--namespaces maps.coded" in made["cmd"]
    assert "src/gan_repro/embedding.py" in made["deps"]
    needed = set(stages._dependency("evidence.maps.coded"))
    assert path in needed
    assert path.replace("seed0", "seed1") not in needed
    drawn = file["maps-figures"]
    assert {path, path.replace("embedding", "scores")} <= set(drawn["deps"])
    params = {name: keys for one in drawn["params"] for name, keys in one.items()}
    assert params["conf/papers/maps.yml"] == [
        "figures.again",
        "figures.codes",
        "figures.curves",
        "figures.laid",
    ]


def test_sheets_are_laid_out_once_for_the_first_seed_and_drawn_from_there() -> None:
    built = pipeline_registry.build(campaign())
    found = {node.name: node for node in built["maps"].nodes}
    coded, plain = (found[f"maps.{name}_seed0"] for name in LAY_OUT)
    assert coded.inputs == [
        "papers.maps.layouts",
        "maps.coded.alexnet.seed0.run",
        "maps.coded.alexnet.seed0.snapshots",
        "images.digits.train",
        "images.digits.test",
        f"reference.digits.test.{tiny_codes.ENCODER}",
    ]
    assert plain.inputs[-1] == "images.digits.train"
    sheets = [f"maps.coded.alexnet.seed0.layout_{name}" for name in ("even", "near")]
    assert coded.outputs == sheets
    assert not any("lay_out" in name and name.endswith("seed1") for name in found)
    drawn = found["maps.figures.draw_laid"]
    assert drawn.inputs[1:3] == sheets
    assert drawn.inputs[-1] == "maps.coded.alexnet.seed0.sheet"
    order = [n.name for n in built["__default__"].nodes]
    assert order.index(coded.name) < order.index("report.render_report")


LAY_OUT = ("coded.lay_out_alexnet", "plain.lay_out_clean")


def test_dvc_knows_laid_out_sheets_and_what_they_come_from() -> None:
    stages = Stages(ROOT, campaign())
    path = "data/08_reporting/smoke/maps/coded/alexnet/seed0/layout_near.png"
    (file,) = stages.files().values()
    (made,) = (stage for stage in file.values() if path in stage["outs"])
    assert {"src/gan_repro/grids.py", "data/03_primary/smoke/digits/train"} <= set(made["deps"])
    params = {name: keys for one in made["params"] for name, keys in one.items()}
    assert params["conf/papers/maps.yml"] == ["layouts"]
    assert path in stages._dependency("evidence.maps.coded")
    assert path in file["maps-figures"]["deps"]


def test_a_node_lays_out_the_papers_layouts() -> None:
    even = Layout(along_rows=("codes", "latents"), rows=3)
    paper = PAPER.model_copy(update={"layouts": {"even": even}})
    (sheet,) = draw_layouts(
        paper, tiny_codes.run(), tiny_codes.snapshots(), tiny.digits(), tiny_codes.held_out(),
        tiny_codes.codes(), names=("even",),
    )  # fmt: skip
    pixels = np.asarray(sheet)
    times = sheet.width // 91
    assert sheet.size == (91 * times, 28 * times)
    first, second = (pixels[: 10 * times, i * 9 * times :][:, : 9 * times] for i in (0, 1))
    assert np.array_equal(first, second)
