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
            row: [
                cell.printed.text if cell.printed else "–"
                for cell in paper.cells(table)
                if cell.row == row
            ]
            for row, said in spec.rows.items()
            if said.role != "beyond"
        }
        for table, spec in paper.tables.items()
    }
    assert {name: rows for name, rows in ours.items() if rows} == yaml.safe_load(copy.read_text())


def test_jgan_prints_82_numbers():
    paper = read_paper(ROOT / "conf/papers/jgan.yml")
    assert sum(bool(cell.printed) for table in paper.tables for cell in paper.cells(table)) == 82


def test_sgan_prints_19_numbers_and_its_claims_hold_for_them():
    lines, printed = judged("sgan")
    assert len(printed) == 17 + 2
    told = [line for line in lines if all(cell in printed for cell in line.cells)]
    assert (len(lines), len(told)) == (1 + 2 + 2 + 2 + 1 + 1 + 1 + 1 + 3, 9)
    assert [line.text for line in told if not line.holds_at(line.value(printed))] == []


def test_self_labeling_prints_21_numbers_and_its_claims_hold_for_them():
    """Those that compare with rows that our columns add have no printed number."""
    lines, printed = judged("self_labeling")
    assert len(printed) == 21
    told = [line for line in lines if all(cell in printed for cell in line.cells)]
    assert (len(lines), len(told)) == (1 + 1 + 2 + 2 + 2 + 5 + 4 + 4 + 3 + 1 + 5, 17)
    assert [line.text for line in told if not line.holds_at(line.value(printed))] == []


def test_latent_conditioning_prints_63_numbers():
    paper = read_paper(ROOT / "conf/papers/latent_conditioning.yml")
    assert sum(bool(cell.printed) for table in paper.tables for cell in paper.cells(table)) == 63


def test_latent_conditioning_claims_hold_for_the_printed_numbers():
    """Of those that the paper prints; the others are read off its figures."""
    lines, printed = judged("latent_conditioning")
    told = [line for line in lines if all(cell in printed for cell in line.cells)]
    assert (len(lines), len(told)) == (1 + 2 + 2 + 6 + 6 + 12 + 3 + 5 + 2 + 1 + 3 + 2, 27)
    assert [line.text for line in told if not line.holds_at(line.value(printed))] == []


def test_jgan_claims_hold_for_the_printed_numbers():
    lines, printed = judged("jgan")
    assert len(lines) == 24 + 2 + 4 + 6 + 5 + 1 + 6 + 2 + 2
    assert [line.text for line in lines if not line.holds_at(line.value(printed))] == []


def test_acgan_prints_19_numbers_and_its_claims_hold_for_those_that_are_printed():
    lines, printed = judged("acgan")
    assert len(printed) == 19
    told = [line for line in lines if all(cell in printed for cell in line.cells)]
    assert (len(lines), len(told)) == (1 + 1 + 2 + 1 + 1 + 1 + 1 + 6, 6)
    assert [line.text for line in told if not line.holds_at(line.value(printed))] == []


def judged(name):
    """A paper's inequalities, and its printed numbers by cell."""
    paper = read_paper(ROOT / f"conf/papers/{name}.yml")
    printed = {
        cell.name: cell.printed.value
        for table in paper.tables
        for cell in paper.cells(table)
        if cell.printed
    }
    return [line for claim in paper.claims.values() for line in claim.inequalities()], printed
