"""The report as a reader meets it: opened in headless Chromium, without a network."""

import json
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from browser import browse
from gan_repro.papers import read_paper
from gan_repro.scales import read_scale
from gan_repro.tables.evidence import Evidence
from gan_repro.tables.fill import fill
from gan_repro.tables.report import report

FOLDER = Path(__file__).parents[1] / "golden/tables"
MEASURE = """
<script>
addEventListener("load", () => {
  const all = (what) => [...document.querySelectorAll(what)];
  const opener = document.querySelector("button[popovertarget]");
  const card = document.getElementById(opener.getAttribute("popovertarget"));
  const before = card.matches(":popover-open");
  opener.click();
  const link = card.querySelector("a");
  const target = document.getElementById(link.getAttribute("href").slice(1));
  const found = {
    first: document.body.innerText.trim().split("\\n")[0],
    images: all("img").map((image) => image.complete && image.naturalWidth),
    figures: all("figure svg").map((svg) => svg.getBoundingClientRect().width > 200
      || svg.closest("details:not([open])") !== null),
    blank: all("td, th").filter((cell) => !cell.textContent.trim()).length,
    sticky: getComputedStyle(document.querySelector("tbody th")).position,
    popover: [before, card.matches(":popover-open"), card.innerText.includes("checkpoint")],
    target: target !== null,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    requests: performance.getEntriesByType("resource")
      .filter((entry) => !entry.name.startsWith("data:")).length,
  };
  const out = document.createElement("pre");
  out.id = "measured";
  out.textContent = JSON.stringify(found);
  document.body.append(out);
});
</script>
</body>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    paper, scale = read_paper(FOLDER / "paper.yml"), read_scale(FOLDER / "scale.yml")
    rows = json.loads((FOLDER / "rows.json").read_text())
    pixels = np.random.default_rng(0).integers(0, 256, (91, 91), dtype=np.uint8)
    history = pd.DataFrame({"round": range(100), "discriminator.real": np.linspace(1, 0, 100)})
    evidence = {
        run: Evidence(
            [row for row in rows if row["run"] == run],
            Image.fromarray(pixels),
            history,
            {"commit": "c0ffee", "device": "cpu"},
        )
        for run in {row["run"] for row in rows}
    }
    tables = {"small.table_1": fill(paper, "table_1", scale, rows)}
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report(scale, [paper], tables, evidence), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def measured(page, tmp_path_factory):
    """What a script inside the opened page sees; the report itself has no script."""
    copy = page.with_name("measured.html")
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", MEASURE), encoding="utf-8")
    profile = tmp_path_factory.mktemp("profile")
    dom = browse(copy.as_uri(), profile, "--window-size=1280,900", "--dump-dom")
    start = dom.index('<pre id="measured">') + len('<pre id="measured">')
    return json.loads(unescape(dom[start : dom.index("</pre>", start)]))


def test_first_line_is_the_honesty_line(measured):
    assert measured["first"] == "Tiny scale: made-up numbers."


def test_sample_sheets_are_decoded_and_figures_drawn(measured):
    assert sorted(measured["images"])[:-1] == [91] * 8
    assert max(measured["images"]) > 1000  # the figure of samples
    assert len(measured["figures"]) == 4  # from a table, over training, and of two runs' terms
    assert all(measured["figures"])


def test_no_cell_is_blank_and_the_first_column_stays(measured):
    assert measured["blank"] == 0
    assert measured["sticky"] == "sticky"


def test_a_number_opens_its_provenance_which_leads_to_its_run(measured):
    assert measured["popover"] == [False, True, True]
    assert measured["target"]


def test_nothing_is_fetched_and_the_page_does_not_scroll_sideways(measured):
    assert measured["requests"] == 0
    assert measured["overflow"] <= 0


@pytest.mark.parametrize("width", [500, 1280])
def test_it_paints_at_the_width_of_a_phone_and_of_a_desk(page, tmp_path, width):
    picture = tmp_path / "page.png"
    options = f"--window-size={width},900", f"--screenshot={picture}"
    browse(page.as_uri(), tmp_path / "profile", *options)
    shades = np.unique(np.asarray(Image.open(picture).convert("L")))
    assert len(shades) > 30
