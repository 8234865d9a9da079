"""conf/papers/*.yml prints what the papers print."""

from pathlib import Path

import pytest
import yaml

from gan_repro.papers import read_paper

ROOT = Path(__file__).parents[2]
COPIES = sorted((Path(__file__).parent / "printed").glob("*.yml"))


def test_every_paper_has_an_independent_copy_of_its_numbers():
    papers = [read_paper(path) for path in (ROOT / "conf/papers").glob("*.yml")]
    print_something = {
        f"{paper.paper}.yml"
        for paper in papers
        if any(cell.printed for table in paper.tables for cell in paper.cells(table))
    }
    assert print_something == {path.name for path in COPIES}


@pytest.mark.parametrize("copy", COPIES, ids=lambda path: path.stem)
def test_printed_cells_agree_with_the_copy(copy):
    paper = read_paper(ROOT / "conf/papers" / copy.name)
    ours = {
        table: {
            row: [cell.printed.text for cell in paper.cells(table) if cell.row == row]
            for row in spec.rows
        }
        for table, spec in paper.tables.items()
    }
    assert ours == yaml.safe_load(copy.read_text())


def test_jgan_table_1_has_sixty_numbers():
    paper = read_paper(ROOT / "conf/papers/jgan.yml")
    assert sum(len(paper.cells(table)) for table in paper.tables) == 60


def test_jgan_claims_hold_for_the_printed_numbers():
    paper = read_paper(ROOT / "conf/papers/jgan.yml")
    printed = {
        cell.name: cell.printed.value for table in paper.tables for cell in paper.cells(table)
    }
    lines = [line for claim in paper.claims.values() for line in claim.inequalities()]
    assert len(lines) == 24 + 2 + 4 + 6 + 5 + 1
    assert [line.text for line in lines if not line.holds_at(line.value(printed))] == []
