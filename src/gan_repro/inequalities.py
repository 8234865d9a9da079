"""Statements about table cells that runs can hold against: sums of cells, compared.

A statement is ``sum > sum``, ``sum < sum`` or ``|sum| <= number``; a sum has cells
``table.row.column`` and numbers joined by ``+`` and ``-``.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_CELL = r"[A-Za-z_]\w*\.\w+\.\w+"
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_TERM = re.compile(rf"\s*([+-]?)\s*(?:({_CELL})|({_NUMBER}))")
_ABSOLUTE = re.compile(rf"^\s*\|(.+)\|\s*<=\s*({_NUMBER})\s*$")


@dataclass(frozen=True)
class Inequality:
    """``sum_i weight_i cell_i + constant > 0``, or ``|...| <= bound`` where there is a bound."""

    text: str
    weights: Mapping[str, float]
    constant: float = 0.0
    bound: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells that the statement is about, as ``table.row.column``."""
        return tuple(self.weights)

    def value(self, cells: Mapping[str, float]) -> float:
        """The sum, given a number for every cell."""
        return self.constant + sum(weight * cells[cell] for cell, weight in self.weights.items())

    def holds_at(self, value: float) -> bool:
        """Whether the statement is true of a sum that is known exactly."""
        return value > 0 if self.bound is None else abs(value) <= self.bound


def parse_inequality(text: str) -> Inequality:
    """Read one statement.

    >>> parse_inequality("|t.a.x - t.b.x| <= 0.1").bound
    0.1
    >>> parse_inequality("t.a.x < t.b.x + 1").weights
    {'t.b.x': 1.0, 't.a.x': -1.0}

    Raises
    ------
    ValueError
        When the text follows no form that the module's first lines give.
    """
    absolute = _ABSOLUTE.match(text)
    if absolute:
        weights, constant = _sum(absolute[1], text)
        return Inequality(text, weights, constant, float(absolute[2]))
    sides = re.split(r"[<>]", text)
    if len(sides) != 2 or "=" in text:
        raise ValueError(
            f"{text!r} is no statement; expected 'sum > sum', 'sum < sum' or '|sum| <= number'"
        )
    large, small = sides if ">" in text else sides[::-1]
    weights, constant = _sum(large, text)
    taken, less = _sum(small, text)
    for cell, weight in taken.items():
        weights[cell] = weights.get(cell, 0.0) - weight
    return Inequality(text, weights, constant - less)


def expand(statement: str, over: Mapping[str, Sequence[str]]) -> list[str]:
    """The statement once for every combination of the names that stand in its braces.

    >>> expand("t.{row}.x > t.u.x", {"row": ["a", "b"]})
    ['t.a.x > t.u.x', 't.b.x > t.u.x']

    Raises
    ------
    ValueError
        When a brace holds a name that ``over`` does not list.
    """
    used = list(dict.fromkeys(re.findall(r"\{(\w+)\}", statement)))
    unknown = [name for name in used if name not in over]
    if unknown:
        raise ValueError(f"{statement!r} uses {unknown}, but 'over' lists {sorted(over)}")
    combinations = itertools.product(*(over[name] for name in used))
    return [statement.format(**dict(zip(used, chosen, strict=True))) for chosen in combinations]


def _sum(side: str, text: str) -> tuple[dict[str, float], float]:
    weights: dict[str, float] = {}
    constant, place, side = 0.0, 0, side.strip()
    while place < len(side) or not place:
        term = _TERM.match(side, place)
        if not term or (place and not term[1]):
            raise ValueError(
                f"{text!r}: cannot read {side[place:]!r}; a sum has cells table.row.column and "
                "numbers, joined by + and -"
            )
        sign = -1.0 if term[1] == "-" else 1.0
        if term[2]:
            weights[term[2]] = weights.get(term[2], 0.0) + sign
        else:
            constant += sign * float(term[3])
        place = term.end()
    return weights, constant
