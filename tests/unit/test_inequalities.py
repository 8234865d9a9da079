"""Statements about cells: what parses, what they are worth, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_repro.inequalities import expand, parse_inequality

numbers = st.floats(-1e3, 1e3)


@given(numbers, numbers, numbers, numbers)
def test_sum_is_left_minus_right(a, b, c, d):
    line = parse_inequality("t.a.x - t.b.x + 2 > t.c.x - t.d.x - .5")
    value = line.value({"t.a.x": a, "t.b.x": b, "t.c.x": c, "t.d.x": d})
    assert value == pytest.approx((a - b + 2) - (c - d - 0.5))


@given(numbers, numbers)
def test_less_than_is_greater_than_turned_around(a, b):
    cells = {"t.a.x": a, "t.b.x": b}
    less, more = parse_inequality("t.a.x < t.b.x"), parse_inequality("t.b.x > t.a.x")
    assert less.value(cells) == more.value(cells)
    assert less.holds_at(less.value(cells)) == (a < b)


def test_a_bound_holds_on_both_sides_and_on_its_edge():
    line = parse_inequality("|t.a.x - t.b.x| <= 0.5")
    cells = {"t.b.x": 1.0}
    truths = [line.holds_at(line.value({**cells, "t.a.x": a})) for a in (0.4, 0.5, 1.5, 1.6)]
    assert truths == [False, True, True, False]


def test_a_cell_on_both_sides_is_counted_twice():
    assert parse_inequality("t.a.x > 1 - t.a.x").weights == {"t.a.x": 2.0}


@pytest.mark.parametrize(
    "text",
    ["t.a.x", "t.a.x > t.b.x > t.c.x", "t.a.x >= t.b.x", "t.a > 1", "t.a.x t.b.x > 1", "> 1", ""],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"statement|cannot read"):
        parse_inequality(text)


def test_expand_makes_every_combination_once():
    lines = expand("{t}.a.{c} > {t}.b.{c}", {"t": ["p", "q"], "c": ["x", "y"], "unused": ["z"]})
    assert lines == ["p.a.x > p.b.x", "p.a.y > p.b.y", "q.a.x > q.b.x", "q.a.y > q.b.y"]


def test_expand_refuses_a_name_that_is_not_listed():
    with pytest.raises(ValueError, match=r"\['row'\].*\['column'\]"):
        expand("t.{row}.x > 1", {"column": ["x"]})
