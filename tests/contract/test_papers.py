"""Every paper at every scale: each cell resolves to a run and a protocol, or says why not."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gan_repro.campaign import read_campaign
from gan_repro.papers import read_paper
from gan_repro.printed import RATERS
from gan_repro.resolution import resolve, resolve_shared
from gan_repro.runs import RunSpec
from gan_repro.scales import read_scale

ROOT = Path(__file__).parents[2]
PAPERS = sorted((ROOT / "conf/papers").glob("*.yml"))
SCALES = sorted((ROOT / "conf/scales").glob("*.yml"))
PROTOCOLS = {
    name
    for name in yaml.safe_load((ROOT / "conf/base/protocols.yml").read_text())
    if not name.startswith("_")
}
each_paper = pytest.mark.parametrize("paper_path", PAPERS, ids=lambda path: path.stem)
each_scale = pytest.mark.parametrize("scale_path", SCALES, ids=lambda path: path.stem)


def test_only_demonstrations_are_left_out_of_a_scale():
    for path in SCALES:
        left_out = {paper.stem for paper in PAPERS} - set(read_scale(path).datasets)
        assert left_out == ({"demonstrations"} if path.stem == "paper" else set())


def test_there_are_papers_and_the_three_scales():
    assert PAPERS
    assert {path.stem for path in SCALES} == {"smoke", "cpu", "paper"}


@each_paper
def test_file_is_named_after_the_paper(paper_path):
    assert read_paper(paper_path).paper == paper_path.stem


@each_scale
def test_file_is_named_after_the_scale(scale_path):
    assert read_scale(scale_path).scale == scale_path.stem


@each_scale
@each_paper
def test_every_cell_resolves(paper_path, scale_path):
    paper, scale = read_paper(paper_path), read_scale(scale_path)
    others = [read_paper(path) for path in PAPERS if path != paper_path]
    runs = {spec.paper: resolve(spec, scale) for spec in [paper, *others]}
    if not runs[paper.paper]:
        assert paper.paper not in scale.datasets
        return
    for table in paper.tables:
        for cell in paper.cells(table):
            if cell.quoted or cell.not_run:
                assert cell.run is None
                continue
            owner, family, condition = cell.run.split(".")
            if left_out(paper, scale, owner, family):
                continue
            seeds = runs[owner][family][condition]
            assert list(seeds) == [f"seed{seed}" for seed in scale.seeds_of(owner)]
            for entry in seeds.values():
                by_people = cell.protocol == RATERS
                assert by_people or scale.protocol_names(cell.protocol)[0] in entry["evaluate"]


def left_out(paper, scale, owner, family):
    """Whether the scale says that nothing stands in for the data set of one of the paper's runs."""
    if owner != paper.paper:
        return False
    return scale.datasets[owner][paper.families[family].dataset] is None


@each_scale
@each_paper
def test_every_run_is_valid_complete_and_unique(paper_path, scale_path):
    paper, scale = read_paper(paper_path), read_scale(scale_path)
    runs = {**resolve(paper, scale), **resolve_shared(scale)}
    entries = [e for family in runs.values() for seeds in family.values() for e in seeds.values()]
    keys = [entry["train"]["key"] for entry in entries]
    assert len(keys) == len(set(keys))
    for entry in entries:
        run = RunSpec(**entry["train"])
        assert run.model_dump(mode="json") == entry["train"]
        assert set(entry["evaluate"]) <= PROTOCOLS
        if not run.method:
            continue
        settings = run.settings().model_dump(mode="json")
        assert {"kind": run.method["kind"], **settings} == run.method
    parts = {part for entry in entries for part in entry.get("parts", {}).get("runs", ())}
    assert parts <= set(keys)
    alone = [e for e in entries if not e["train"]["key"].startswith("shared.")]
    assert all(e["evaluate"] for e in alone if e["train"]["key"] not in parts)


@each_scale
def test_every_protocol_of_a_scale_exists(scale_path):
    scale = read_scale(scale_path)
    asked = {name for role in scale.protocols for name in scale.protocol_names(role)}
    assert asked <= PROTOCOLS


@each_scale
def test_every_extractor_that_is_trained_here_has_its_runs(scale_path):
    """The instruments behind scores, weak labels and methods with an encoder; and no others."""
    campaign = read_campaign(ROOT / "conf", scale_path.stem)
    used = {campaign.instrument(m).family for m in campaign.measurings if m.trained_here}
    used |= {found.family for run in campaign.runs if (found := campaign.upstream(run))}
    assert used == {
        f"{extractor}_{dataset}"
        for extractor, spec in read_scale(scale_path).instruments.items()
        for dataset in spec.datasets
    }


@each_scale
@each_paper
def test_seeds_are_paired_and_label_noise_is_the_same_for_all(paper_path, scale_path):
    runs = resolve(read_paper(paper_path), read_scale(scale_path))
    seen = {}
    for family, conditions in runs.items():
        for condition, seeds in conditions.items():
            for name, entry in seeds.items():
                assert name == f"seed{entry['train']['seed']}"
                labels = entry["train"]["labels"]
                place = (entry["train"]["dataset"], entry["train"]["split"])
                if labels["kind"] == "class_subset":  # an ensemble's own groups
                    place += (family,)
                assert seen.setdefault((*place, condition, labels["kind"]), labels) == labels


def test_reading_papers_does_not_import_torch():
    code = (
        "import sys; from gan_repro.papers import read_paper;"
        "from gan_repro.scales import read_scale;"
        f"read_paper({str(PAPERS[0])!r}); read_scale({str(SCALES[0])!r});"
        "import gan_repro.tables.fill, gan_repro.tables.report, gan_repro.tables.figures;"
        "sys.exit(', '.join({'torch', 'matplotlib', 'scipy', 'jinja2'} & sys.modules.keys()) or 0)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_three_training_seeds_except_at_smoke_scale():
    seeds = {path.stem: len(read_scale(path).seeds) for path in SCALES}
    assert seeds == {"smoke": 1, "cpu": 3, "paper": 3}
