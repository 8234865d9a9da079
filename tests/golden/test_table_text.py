"""A small filled table, rendered, is text that a person has read and approved.

After a deliberate change: ``GAN_REPRO_UPDATE_GOLDEN=1 pytest tests/golden``, then read the diff.
"""

import json
import os
from pathlib import Path

import pytest

from gan_repro.papers import read_paper
from gan_repro.scales import read_scale
from gan_repro.tables import render
from gan_repro.tables.fill import fill
from gan_repro.tables.filled import FilledTable
from gan_repro.tables.verdict import judge

FOLDER = Path(__file__).parent / "tables"


@pytest.fixture
def table() -> FilledTable:
    paper, scale = read_paper(FOLDER / "paper.yml"), read_scale(FOLDER / "scale.yml")
    return fill(paper, "table_1", scale, json.loads((FOLDER / "rows.json").read_text()))


@pytest.mark.parametrize("suffix", [".md", ".tex", ".json"])
def test_rendered_table_is_the_approved_one(table, suffix):
    text = render.to_files(table)[suffix]
    approved = FOLDER / f"approved{suffix}"
    if os.environ.get("GAN_REPRO_UPDATE_GOLDEN"):
        approved.write_text(text, encoding="utf-8")
    assert text == approved.read_text(encoding="utf-8")


def test_json_reads_back_whole(table):
    assert FilledTable.model_validate_json(render.to_json(table)) == table


def test_no_cell_is_blank(table):
    lines = [line for line in render.to_markdown(table).splitlines() if line.startswith("| ")]
    body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    extra = sum(row.role == "beyond" for row in table.rows)  # nothing is printed for it
    assert len(body) == 3 * len(table.rows) - extra
    assert all(cell for line in body for cell in line[1:])


def test_claims_are_a_list_under_the_honesty_line(table):
    paper = read_paper(FOLDER / "paper.yml")
    verdicts = [
        judge(name, claim, {"table_1": table}, paper.agreement)
        for name, claim in paper.claims.items()
    ]
    assert render.claims_to_markdown(verdicts, table.honesty) == (
        "**Tiny scale: made-up numbers.**\n\n"
        "- The own method scores above the label-free one. (Section 1): "
        "**no verdict: 2 seeds, needs 3** (holds 1, no verdict 1)\n"
    )
