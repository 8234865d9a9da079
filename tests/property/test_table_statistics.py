"""Mean, sd and interval over training seeds, against closed forms and symmetries."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_repro.papers import read_paper
from gan_repro.scales import read_scale
from gan_repro.tables.fill import fill
from gan_repro.tables.verdict import interval

FOLDER = Path(__file__).parents[1] / "golden/tables"
PAPER, SCALE = read_paper(FOLDER / "paper.yml"), read_scale(FOLDER / "scale.yml")
ROWS = json.loads((FOLDER / "rows.json").read_text())

scores = st.floats(0.5, 500, allow_nan=False)
several = st.lists(scores, min_size=2, max_size=12)


def filled_with(values):
    """The cell own.clean, with one run a value."""
    scale = SCALE.model_copy(update={"seeds": list(range(len(values)))})
    row = {"protocol": "score_of_20", "metric": "inception_score", "snapshot": 100}
    rows = [
        {**row, "run": f"small.own.clean.seed{seed}", "value": value}
        for seed, value in enumerate(values)
    ]
    return fill(PAPER, "table_1", scale, rows).cell("own", "clean")


@given(several)
def test_cell_has_mean_and_sample_sd_over_seeds(values):
    cell = filled_with(values)
    mean = sum(values) / len(values)
    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    assert cell.mean == pytest.approx(mean)
    assert cell.sd == pytest.approx(sd, abs=1e-9)
    assert list(cell.by_seed.values()) == values


@given(scores)
def test_one_seed_has_a_mean_and_no_sd(value):
    cell = filled_with([value])
    assert (cell.mean, cell.sd) == (value, None)


@given(st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(random):
    shuffled = random.sample(ROWS, len(ROWS))
    assert fill(PAPER, "table_1", SCALE, shuffled) == fill(PAPER, "table_1", SCALE, ROWS)


@given(several, st.floats(-100, 100), st.floats(0.1, 10))
def test_interval_moves_and_stretches_with_the_values(values, shift, factor):
    plain = interval(values, 0.95)
    moved = interval([factor * value + shift for value in values], 0.95)
    assert moved.low == pytest.approx(factor * plain.low + shift, rel=1e-6, abs=1e-6)
    assert moved.high == pytest.approx(factor * plain.high + shift, rel=1e-6, abs=1e-6)


@given(several)
def test_interval_is_centred_and_wider_with_confidence(values):
    narrow, wide = interval(values, 0.9), interval(values, 0.99)
    assert narrow.high - narrow.mean == pytest.approx(narrow.mean - narrow.low, abs=1e-9)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


# Quantiles of Student's t at 0.975, from a printed table.
@pytest.mark.parametrize(("n", "t"), [(2, 12.7062), (3, 4.3027), (5, 2.7764), (11, 2.2281)])
def test_half_width_is_t_sd_over_root_n(n, t):
    values = [float(value) for value in range(n)]
    sd = math.sqrt(n * (n + 1) / 12)  # of 0 .. n - 1, with n - 1 in the denominator
    found = interval(values, 0.95)
    assert found.high - found.mean == pytest.approx(t * sd / math.sqrt(n), rel=1e-4)


def test_one_value_has_no_interval():
    with pytest.raises(ValueError, match="at least 2 values, got 1"):
        interval([1.0], 0.95)
