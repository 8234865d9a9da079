"""Numbers as papers print them: their digits kept, blanks known as blanks."""

import re
from typing import Any, NamedTuple

_PRINTED = re.compile(r"^(?P<value>-?\d*\.?\d+)(?:\s*(?:±|\+-|\+/-)\s*(?P<spread>\d*\.?\d+))?$")
_BLANK = {"-", "–", "—", "blank"}


class Printed(NamedTuple):
    """One number as the paper prints it; ``text`` keeps its digits (8.80, not 8.8)."""

    text: str
    value: float
    spread: float | None = None


def read_printed(text: str) -> Printed | None:
    """One cell: ``8.80``, ``7.86 ± .07``, or ``–`` where the paper leaves a blank.

    >>> read_printed("7.86 ± .07")
    Printed(text='7.86 ± .07', value=7.86, spread=0.07)
    """
    text = text.strip()
    if text in _BLANK:
        return None
    match = _PRINTED.match(text)
    if not match:
        raise ValueError(f"cannot read the cell {text!r}; expected 8.21, 7.86 ± 0.07, or –")
    spread = match["spread"]
    return Printed(text, float(match["value"]), float(spread) if spread else None)


def read_row(row: Any) -> Any:
    """The cells of a printed row; raises ValueError with every cell that cannot be read."""
    if not isinstance(row, str):
        raise ValueError("a printed row is text with | between its cells: '8.21 | 8.03'")
    cells, faults = [], []
    for place, text in enumerate(row.split("|"), start=1):
        try:
            cells.append(read_printed(text))
        except ValueError as fault:
            faults.append(f"cell {place}: {fault}")
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(cells)
