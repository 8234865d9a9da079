"""Plain text for people: aligned columns, durations."""

from collections.abc import Iterable


def duration(seconds: float | None) -> str:
    """Seconds in the unit that reads best.

    >>> duration(5400), duration(42), duration(None)
    ('1.5 h', '42 s', 'unknown')
    """
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def total(durations: Iterable[float | None]) -> float | None:
    """The sum, or None where one is unknown.

    >>> total([1.0, 2.0]), total([1.0, None])
    (3.0, None)
    """
    known = list(durations)
    return None if None in known else sum(seconds or 0.0 for seconds in known)


def columns(rows: Iterable[Iterable[str]]) -> str:
    """Rows of equally many cells, aligned.

    >>> print(columns([("a", "b"), ("long", "c")]))
    a     b
    long  c
    """
    cells = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
