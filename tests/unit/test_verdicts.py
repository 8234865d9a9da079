"""Verdicts where the interval is known: sd 1 over three seeds gives 4.3027 / sqrt(3) = 2.4841."""

import json
from pathlib import Path

import pytest

from gan_repro.inequalities import parse_inequality
from gan_repro.papers import read_paper
from gan_repro.printed import ClaimSpec
from gan_repro.scales import read_scale
from gan_repro.tables.fill import fill
from gan_repro.tables.filled import BEYOND
from gan_repro.tables.verdict import agreement, judge, judge_statement

FOLDER = Path(__file__).parents[1] / "golden/tables"
PAPER, SCALE = read_paper(FOLDER / "paper.yml"), read_scale(FOLDER / "scale.yml")
ROWS = json.loads((FOLDER / "rows.json").read_text())
RULE = PAPER.agreement
HALF = 2.48414


def table_of(cells, scale=SCALE):
    """Table 1 with ``{(row, column): values by seed}``."""
    row = {"protocol": "score_of_20", "metric": "inception_score", "snapshot": 100}
    runs = {"free": "small.free.clean", "own": "small.own.clean", "noisy": "small.own.noisy"}
    rows = [
        {**row, "run": f"{runs[name]}.seed{seed}", "value": value}
        for name, values in cells.items()
        for seed, value in values.items()
    ]
    return {"table_1": fill(PAPER, "table_1", scale, rows)}


def three(mean):
    return {0: mean - 1.0, 1: mean, 2: mean + 1.0}


@pytest.mark.parametrize(
    ("shift", "tolerance", "expected"),
    [
        (0.0, HALF + 0.01, "agrees"),
        (0.0, HALF - 0.01, "not resolved"),
        (1.0, HALF + 0.99, "not resolved"),
        (1.0, HALF + 1.01, "agrees"),
        (HALF + 1.01, 1.0, "differs by +3.49"),
        (HALF + 0.99, 1.0, "not resolved"),
        (-HALF - 1.01, 1.0, "differs by -3.49"),
    ],
)
def test_agreement_asks_where_the_whole_interval_lies(shift, tolerance, expected):
    values = list(three(5.0 + shift).values())
    assert agreement(values, 5.0, tolerance, RULE) == expected


def test_agreement_needs_seeds_and_a_tolerance():
    assert agreement([5.0, 5.0], 5.0, 1.0, RULE) == "no verdict: 2 seeds, needs 3"
    assert agreement([5.0], 5.0, 1.0, RULE) == "no verdict: 1 seed, needs 3"
    assert agreement([5.0] * 3, 5.0, None, RULE).startswith("no verdict: the paper's file fixes no")


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(HALF + 0.01, "holds"), (HALF - 0.01, "not resolved"), (0.0, "not resolved"), (-2.5, "fails")],
)
def test_inequality_is_resolved_when_the_interval_leaves_zero(gap, expected):
    tables = table_of({"own": three(5.0 + gap), "free": dict.fromkeys(range(3), 5.0)})
    found = judge_statement(
        parse_inequality("table_1.own.clean > table_1.free.clean"), tables, RULE
    )
    assert found.verdict == expected
    assert (found.mean, found.n) == (pytest.approx(gap), 3)
    assert found.low == pytest.approx(gap - HALF, abs=1e-3)


def test_seeds_are_paired_so_a_shared_spread_cancels():
    tables = table_of({"own": three(5.1), "free": three(5.0)})
    found = judge_statement(
        parse_inequality("table_1.own.clean > table_1.free.clean"), tables, RULE
    )
    assert found.verdict == "holds"
    assert found.low == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("gap", "bound", "expected"),
    [(0.0, 2.49, "holds"), (0.0, 2.47, "not resolved"), (5.0, 2.5, "fails"), (-5.0, 2.5, "fails")],
)
def test_bound_holds_when_the_interval_lies_inside_it(gap, bound, expected):
    tables = table_of({"own": three(5.0 + gap), "free": dict.fromkeys(range(3), 5.0)})
    line = parse_inequality(f"|table_1.own.clean - table_1.free.clean| <= {bound}")
    assert judge_statement(line, tables, RULE).verdict == expected


def test_only_seeds_that_every_cell_has_are_paired():
    tables = table_of({"own": {0: 9.0, 1: 9.0, 2: 9.0}, "free": {0: 1.0, 2: 2.0}})
    found = judge_statement(
        parse_inequality("table_1.own.clean > table_1.free.clean"), tables, RULE
    )
    assert (found.verdict, found.n) == ("no verdict: 2 seeds, needs 3", 2)
    assert found.mean == pytest.approx(7.5)
    assert found.low is None


def test_a_cell_without_runs_gives_no_verdict_and_is_named():
    tables = table_of({"own": three(5.0)})
    line = parse_inequality("table_1.own.clean > table_1.free.clean")
    assert judge_statement(line, tables, RULE).verdict == "no verdict: table_1.free.clean not run"
    assert judge_statement(line, {}, RULE).verdict == "no verdict: table_1 not filled"


def test_printed_numbers_stand_beside_ours():
    tables = table_of({"own": three(5.0)})
    line = parse_inequality("table_1.own.clean > table_1.free.clean")
    assert judge_statement(line, tables, RULE).printed == pytest.approx(1.1)
    blank = parse_inequality("table_1.own.clean > table_1.old.noisy")
    assert judge_statement(blank, tables, RULE).printed is None


@pytest.mark.parametrize(
    ("clean", "noisy", "expected"),
    [
        (9.0, 9.0, "holds"),
        (9.0, 5.0, "not resolved"),
        (9.0, 1.0, "fails"),
        (9.0, None, "no verdict: table_1.own.noisy not run"),
        (1.0, None, "fails"),
    ],
)
def test_a_claim_holds_when_all_its_inequalities_do(clean, noisy, expected):
    cells = {"own": three(clean), "free": dict.fromkeys(range(3), 5.0)}
    tables = table_of(cells | ({"noisy": three(noisy)} if noisy else {}))
    found = judge("better", PAPER.claims["better"], tables, RULE)
    assert found.verdict == expected
    assert sum(found.counts.values()) == 2


def test_claims_are_judged_at_scales_that_forbid_comparing():
    scale = SCALE.model_copy(update={"comparable": False})
    tables = table_of({"own": three(9.0), "noisy": three(9.0), "free": three(5.0)}, scale)
    assert judge("better", PAPER.claims["better"], tables, RULE).verdict == "holds"
    cells = tables["table_1"].cells
    judged = {cell.agreement for cell in cells if cell.sources} - {BEYOND}
    assert judged == {"not comparable: tiny scale"}
    assert tables["table_1"].rule == ""


def test_one_seed_never_gets_a_verdict():
    scale = SCALE.model_copy(update={"seeds": [0]})
    table = fill(PAPER, "table_1", scale, ROWS)
    verdicts = {cell.agreement for cell in table.cells if cell.sources}
    assert verdicts - {BEYOND} == {"no verdict: 1 seed, needs 3"}
    claim = judge("better", PAPER.claims["better"], {"table_1": table}, RULE)
    assert claim.verdict == "no verdict: 1 seed, needs 3"


def test_a_claim_over_two_tables_uses_both():
    tables = table_of({"own": three(9.0), "free": three(5.0)})
    both = {"table_1": tables["table_1"], "table_2": tables["table_1"]}
    claim = ClaimSpec(
        text="", source="", statements=["table_1.own.clean > table_2.free.clean + 3.9"]
    )
    assert judge("c", claim, both, RULE).verdict == "holds"


def test_a_claim_in_the_papers_own_units_is_judged_only_at_a_comparable_scale():
    line = "table_1.own.clean > table_1.free.clean"
    claim = ClaimSpec(text="better", source="here", statements=[line], only_comparable=True)
    cells = {"own": three(9.0), "free": three(5.0)}
    tiny = SCALE.model_copy(update={"comparable": False})
    assert judge("better", claim, table_of(cells, tiny), RULE).verdict == (
        f"no verdict: not meaningful at {tiny.scale} scale"
    )
    full = SCALE.model_copy(update={"comparable": True})
    assert judge("better", claim, table_of(cells, full), RULE).verdict == "holds"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"role": "cited"}, "no verdict: the paper quotes this number"),
        ({"tolerance": {"inception_score": 0.001}}, "not resolved"),
        ({}, "agrees"),
    ],
)
def test_a_rows_role_and_bound_decide_its_agreement(change, verdict):
    row = PAPER.tables["table_1"].rows["free"].model_copy(update=change)
    table = PAPER.tables["table_1"].model_copy(update={"rows": {"free": row}})
    paper = PAPER.model_copy(update={"tables": {"table_1": table}})
    rows = [
        {**ROWS[0], "run": f"small.free.clean.seed{seed}", "value": 7.0 + 0.01 * seed}
        for seed in range(3)
    ]
    filled = fill(paper, "table_1", SCALE.model_copy(update={"comparable": True}), rows)
    assert filled.cell("free", "clean").agreement == verdict
