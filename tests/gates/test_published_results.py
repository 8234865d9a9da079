"""What docs/results shows follows from the score rows in git, to the letter."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_repro.campaign import read_campaign
from gan_repro.scales import read_scale
from gan_repro.tables import evidence, render
from gan_repro.tables.evidence import Evidence
from gan_repro.tables.figures import table_lines_picture
from gan_repro.tables.fill import fill
from gan_repro.tables.panels import sample_panels

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
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png")
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def pictures(root: Path, scale: str) -> Iterator[tuple[Path, "Image.Image"]]:
    """Where every figure of a scale lies, and the figure drawn anew from rows and sheets."""
    rows = [row for found in left_behind(root, scale).values() for row in found.scores]
    spec = read_scale(ROOT / "conf/scales" / f"{scale}.yml")
    campaign = read_campaign(ROOT / "conf", scale)
    for paper, name in campaign.figures() if rows else ():
        figure = paper.figures[name]
        if figure.tables:
            filled = {table: fill(paper, table, spec, rows) for table in figure.tables}
            drawn = table_lines_picture(figure, filled)
        else:
            sheets = {}
            for run, locked in campaign.panels_of(paper, name).items():
                place = locked.key.replace(".", "/")
                file = root / "data/08_reporting" / scale / place / "samples.png"
                sheets[run] = file.read_bytes() if file.exists() else None
            drawn = sample_panels(figure, sheets)
        yield root / "docs/results" / scale / paper.paper / f"{name}.png", drawn


@pytest.mark.parametrize("scale", ["cpu", "paper"])
def test_published_pages_follow_from_the_committed_rows(scale: str):
    assert shown(ROOT, scale) == dict(expected(ROOT, scale))


@pytest.mark.parametrize("scale", ["cpu", "paper"])
def test_published_figures_follow_from_the_committed_rows_and_sheets(scale: str):
    expected_pictures = dict(pictures(ROOT, scale))
    published = set((ROOT / "docs/results" / scale).rglob("*.png"))
    assert published == set(expected_pictures)
    for file, drawn in expected_pictures.items():
        found = Image.open(file).convert("RGB")
        assert found.size == drawn.size
        # another version of a font or of Matplotlib moves an edge by a shade, not a line
        assert np.abs(np.asarray(found, float) - np.asarray(drawn.convert("RGB"), float)).mean() < 2


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
