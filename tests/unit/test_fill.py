"""Score rows into cells: which row counts, what is missing, where a number comes from."""

import json
from pathlib import Path

import pytest

from gan_repro.papers import read_paper
from gan_repro.scales import read_scale
from gan_repro.tables.fill import fill
from gan_repro.tables.render import notes

FOLDER = Path(__file__).parents[1] / "golden/tables"
PAPER, SCALE = read_paper(FOLDER / "paper.yml"), read_scale(FOLDER / "scale.yml")
ROWS = json.loads((FOLDER / "rows.json").read_text())


@pytest.fixture
def table():
    return fill(PAPER, "table_1", SCALE, ROWS)


def test_the_mean_over_snapshots_wins_over_single_snapshots(table):
    assert table.cell("own", "clean").by_seed["seed0"] == 8.1
    assert table.cell("own", "clean").sources[0].snapshots == (50, 100)


def test_without_a_mean_the_last_snapshot_counts_even_when_an_earlier_one_is_better():
    rows = [row for row in ROWS if row["checkpoint_sha256"] not in {"c11", "c09"}]
    worse = {**rows[3], "snapshot": 50, "rounds": [50], "value": 1000.0}
    cell = fill(PAPER, "table_1", SCALE, [worse, *rows]).cell("own", "clean")
    assert cell.by_seed["seed0"] == 3.0


def test_a_label_free_run_stands_in_every_column(table):
    assert table.cell("free", "clean").sources == table.cell("free", "noisy").sources


def test_every_number_says_where_it_comes_from(table):
    source = table.cell("own", "clean").sources[0]
    assert source.model_dump() == {
        "run": "small.own.clean.seed0",
        "seed": "seed0",
        "value": 8.1,
        "snapshots": (50, 100),
        "samples": 20,
        "extractor_sha256": "e0",
        "reference_sha256": "r0",
        "checkpoint_sha256": "c11",
    }


def test_another_training_of_the_extractor_is_named(table):
    assert table.evaluators == ()
    others = [{**r, "extractor_sha256": "e1"} if r["run"].endswith("seed2") else r for r in ROWS]
    mixed = fill(PAPER, "table_1", SCALE, others)
    runs = sorted({r["run"] for r in others if r["extractor_sha256"] == "e1"})
    [said] = mixed.evaluators
    assert said.startswith("score_of_20: these runs were scored by another training")
    assert said.endswith(f"than the others (e0), so compare them with care: e1: {', '.join(runs)}.")
    assert said in notes(mixed)


def test_every_cell_has_a_number_or_a_reason():
    for rows in ([], ROWS):
        for cell in fill(PAPER, "table_1", SCALE, rows).cells:
            assert cell.sources or cell.missing or cell.quoted
            assert all(reason.startswith("not run: ") for reason in cell.missing)
            assert cell.agreement


def test_missing_seeds_are_named(table):
    cell = table.cell("own", "noisy")
    assert list(cell.by_seed) == ["seed0", "seed2"]
    reason = "not run: small.own.noisy.seed1 has no inception_score under score_of_20"
    assert cell.missing == (reason,)


def test_a_score_that_is_not_finite_is_no_score():
    rows = [{**row, "value": float("nan")} for row in ROWS if row["run"].startswith("small.free")]
    cell = fill(PAPER, "table_1", SCALE, rows).cell("free", "clean")
    assert cell.mean is None
    assert len(cell.missing) == 3
    assert "not finite" in cell.missing[0]


def test_quoted_rows_take_no_runs(table):
    cells = [table.cell("old", column) for column in ("clean", "noisy")]
    assert [cell.agreement for cell in cells] == ["quoted", "quoted"]
    assert [cell.printed for cell in cells] == ["6.5", None]
    assert all(cell.quoted == "Someone 2014" and cell.mean is None for cell in cells)


def test_a_paper_can_have_training_seeds_of_its_own():
    other = SCALE.model_copy(update={"paper_seeds": {PAPER.paper: [0, 7], "another": [1]}})
    filled = fill(PAPER, "table_1", other, ROWS)
    assert filled.seeds == ("seed0", "seed7")
    cell = filled.cell("own", "clean")
    assert list(cell.by_seed) == ["seed0"]
    assert len(cell.missing) == 1
    assert "small.own.clean.seed7" in cell.missing[0]
    assert other.seeds_of("a third") == SCALE.seeds
