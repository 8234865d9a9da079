"""What docs/results shows follows from the score rows in git, to the letter."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_repro.campaign import read_campaign
from gan_repro.scales import read_scale
from gan_repro.storage.evidence import LAYOUT
from gan_repro.tables import evidence, render
from gan_repro.tables.curves import course_lines_picture
from gan_repro.tables.evidence import Evidence
from gan_repro.tables.figures import table_lines_picture
from gan_repro.tables.fill import fill
from gan_repro.tables.maps import code_maps
from gan_repro.tables.panels import sample_panels
from gan_repro.tables.scatter import class_points_picture

ROOT = Path(__file__).parents[2]
SHEETS = "../../../data/08_reporting/{scale}/{{run}}/samples.png"


def left_behind(root: Path, scale: str) -> dict[str, Evidence]:
    """Run key -> what git keeps of it in the project's folder: all but its history."""

    def read(run: str, name: str) -> bytes | None:
        file = root / "data/08_reporting" / scale / run.replace(".", "/") / name
        return file.read_bytes() if file.exists() else None

    def content(run: str, what: str) -> Any:
        return json.loads(read(run, f"{what}.json") or "null")

    return {
        run: Evidence(
            content(run, "scores") or [],
            read(run, "samples.png"),
            provenance=content(run, "provenance"),
            embedding=content(run, "embedding"),
            layouts=layouts(root, scale, run),
        )
        for run in (locked.key for locked in read_campaign(ROOT / "conf", scale).runs)
    }


def layouts(root: Path, scale: str, run: str) -> dict[str, bytes]:
    """Layout -> the sheet that a run has left."""
    folder = root / "data/08_reporting" / scale / run.replace(".", "/")
    return {file.stem.removeprefix(LAYOUT): file.read_bytes() for file in folder.glob(f"{LAYOUT}*")}


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


def pictures(root: Path, scale: str) -> Iterator[tuple[Path, "Image.Image | None"]]:
    """Where every figure of a scale lies, and the figure drawn anew from what git keeps.

    None for a figure with training terms: git does not keep histories.
    """
    left = left_behind(root, scale)
    rows = [row for found in left.values() for row in found.scores]
    spec = read_scale(ROOT / "conf/scales" / f"{scale}.yml")
    campaign = read_campaign(ROOT / "conf", scale)
    for paper, name in campaign.figures() if rows else ():
        figure = paper.figures[name]
        seeds = {
            run: [left[locked.key] for locked in own]
            for run, own in campaign.shown_in(paper, name).items()
        }
        if figure.tables:
            filled = {table: fill(paper, table, spec, rows) for table in figure.tables}
            drawn = table_lines_picture(figure, filled)
        elif figure.curves:
            terms = figure.curves.losses
            drawn = None if terms else course_lines_picture(figure, spec, seeds)
        elif figure.scatter:
            first = {run: own[0].scores for run, own in seeds.items()}
            drawn = class_points_picture(figure, spec, first)
        elif figure.embedding:
            drawn = code_maps(figure, {run: first.embedding for run, (first, *_) in seeds.items()})
        else:
            panels = [panel for panel in figure.sheets if panel.run in seeds]
            sheets = {panel.sheet: seeds[panel.run][0].shown(panel.layout) for panel in panels}
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
        if drawn is None:
            continue
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
