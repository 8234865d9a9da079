"""What docs/results shows follows from the score rows in git, to the letter."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_repro.campaign import read_campaign
from gan_repro.scales import read_scale
from gan_repro.tables import evidence, render
from gan_repro.tables.fill import fill
from gan_repro.tables.report import Evidence

ROOT = Path(__file__).parents[2]
SHEETS = "../../../data/08_reporting/{scale}/{{run}}/samples.png"


def left_behind(root: Path, scale: str) -> dict[str, Evidence]:
    """Run key -> the rows and provenance that the project's folder holds."""

    def read(run: str, what: str) -> list[dict[str, object]] | None:
        file = root / "data/08_reporting" / scale / run.replace(".", "/") / f"{what}.json"
        return json.loads(file.read_text()) if file.exists() else None

    runs = [run.key for run in read_campaign(ROOT / "conf", scale).runs]
    return {
        run: Evidence(read(run, "scores") or [], provenance=read(run, "provenance")) for run in runs
    }


def expected(root: Path, scale: str) -> Iterator[tuple[str, str]]:
    """Every page of docs/results/<scale>; none as long as no run has a score row."""
    left = left_behind(root, scale)
    rows = [row for found in left.values() for row in found.scores]
    if not rows:
        return
    spec = read_scale(ROOT / "conf/scales" / f"{scale}.yml")
    yield "README.md", evidence.to_markdown(spec, left, SHEETS.format(scale=scale))
    for paper in read_campaign(ROOT / "conf", scale).papers:
        for name in paper.tables:
            table = fill(paper, name, spec, rows)
            yield f"{paper.paper}/{name}.md", render.to_markdown(table)
            yield f"{paper.paper}/{name}.tex", render.to_latex(table)


def shown(root: Path, scale: str) -> dict[str, str]:
    folder = root / "docs/results" / scale
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("scale", ["cpu", "paper"])
def test_published_pages_follow_from_the_committed_rows(scale: str):
    assert shown(ROOT, scale) == dict(expected(ROOT, scale))


def row(key: str, value: float) -> dict[str, object]:
    shas = {f"{name}_sha256": "0" * 64 for name in ("extractor", "reference", "checkpoint")}
    return {
        "run": key, "snapshot": "mean of last five", "rounds": [1, 2], "metric": "inception_score",
        "protocol": "classifier_is_last5", "value": value, "n": 10, "extractor": "classifier",
        **shas,
    }  # fmt: skip


def test_a_page_that_was_edited_by_hand_is_found(tmp_path: Path):
    key = "jgan.cifar10_jgan.noise00.seed0"
    scores = tmp_path / "data/08_reporting/cpu" / key.replace(".", "/") / "scores.json"
    scores.parent.mkdir(parents=True)
    scores.write_text(json.dumps([row(key, 7.25)]))
    for name, text in expected(tmp_path, "cpu"):
        page = tmp_path / "docs/results/cpu" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text)
    assert shown(tmp_path, "cpu") == dict(expected(tmp_path, "cpu"))
    page = tmp_path / "docs/results/cpu/jgan/table_1a.md"
    assert "7.25" in page.read_text()
    page.write_text(page.read_text().replace("7.25", "8.25"))
    assert shown(tmp_path, "cpu") != dict(expected(tmp_path, "cpu"))
    shutil.rmtree(tmp_path / "data")
    assert dict(expected(tmp_path, "cpu")) == {}
