"""What a paper prints: tables cell by cell, claims, and when a number of ours agrees."""

import re
from itertools import zip_longest
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, field_validator, model_validator

from gan_repro.inequalities import Inequality, expand, parse_inequality
from gan_repro.kinds import Spec
from gan_repro.printed_numbers import Printed, read_row

Better = Literal["higher", "lower"]
RATERS = "raters"
"""In the place of a protocol's role: the numbers are those of people's votes."""
Role = Literal["ours", "reproduced-baseline", "cited", "beyond"]


class ColumnSpec(Spec):
    """A column; ``at`` is its place on a figure's horizontal axis.

    protocol, metric, better : the table's, where they are not given.
    """

    title: str
    at: float | None = None
    protocol: str | None = None
    metric: str | None = None
    better: Better | None = None


class CellSpec(Spec):
    """What one cell says differently from its row and column."""

    run: str | None = None
    protocol: str | None = None
    metric: str | None = None
    quoted: str | None = None
    not_run: str | None = None


class RowSpec(Spec):
    """A row as printed, and where our numbers for it come from.

    role : ``beyond`` for a row of ours that the paper does not have; nothing is printed for it.
    run : ``family.condition``, or ``paper.family.condition`` for another paper's run;
        ``{column}`` stands for the column's name.
    tolerance : by metric, where the row has a bound of its own in place of the paper's.
    quoted : the source of a number that the paper itself only quotes.
    not_run : why there is no run for the row.
    """

    title: str
    role: Role
    printed: Annotated[tuple[Printed | None, ...], BeforeValidator(read_row)] = ()
    run: str | None = None
    quoted: str | None = None
    not_run: str | None = None
    note: str = ""
    tolerance: dict[str, float] = Field(default_factory=dict)
    cells: dict[str, CellSpec] = Field(default_factory=dict)


class Cell(NamedTuple):
    """One cell, resolved: exactly one of ``run``, ``quoted`` and ``not_run`` is set.

    run : ``paper.family.condition``; the training seeds come from the scale.
    protocol : a role, which the scale turns into the name of a protocol; or ``RATERS``.
    role : the row's.
    tolerance : the row's own bound for agreement, where it has one.
    """

    table: str
    row: str
    column: str
    printed: Printed | None
    run: str | None
    protocol: str
    metric: str
    quoted: str | None = None
    not_run: str | None = None
    role: Role = "ours"
    tolerance: float | None = None

    @property
    def name(self) -> str:
        """``table.row.column``, as claims write it."""
        return f"{self.table}.{self.row}.{self.column}"


class TableSpec(Spec):
    """A table as printed; rows and columns by name, in the printed order."""

    title: str
    source: str
    protocol: str
    metric: str
    metric_title: str
    better: Better
    decimals: int = Field(default=2, ge=0)
    column_title: str = ""
    columns: dict[str, ColumnSpec]
    rows: dict[str, RowSpec]

    @model_validator(mode="after")
    def _every_cell_is_there(self) -> "TableSpec":
        faults = []
        for name, row in self.rows.items():
            expected = 0 if row.role == "beyond" else len(self.columns)
            if len(row.printed) != expected:
                faults.append(
                    f"rows.{name}.printed: {len(row.printed)} cells for {expected} columns"
                )
            for column in row.cells.keys() - self.columns.keys():
                faults.append(f"rows.{name}.cells: the table has no column {column!r}")
            if [row.run, row.quoted, row.not_run].count(None) != 2:
                faults.append(f"rows.{name}: needs exactly one of run, quoted and not_run")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def cells(self, table: str, paper: str) -> list[Cell]:
        """Every cell, row by row; ``table`` and ``paper`` are their names."""
        return [
            self._cell(paper, table, row, column, printed)
            for row, spec in self.rows.items()
            for column, printed in zip_longest(self.columns, spec.printed)
        ]

    def _cell(self, paper: str, table: str, row: str, column: str, printed: Printed | None) -> Cell:
        here, line, above = CellSpec(), self.rows[row], self.columns[column]
        here = line.cells.get(column, here)
        own = any((here.run, here.quoted, here.not_run))
        source = here if own else line
        run = source.run.format(column=column) if source.run else None
        return Cell(
            table=table,
            row=row,
            column=column,
            printed=printed,
            run=f"{paper}.{run}" if run and run.count(".") == 1 else run,
            protocol=here.protocol or above.protocol or self.protocol,
            metric=here.metric or above.metric or self.metric,
            quoted=source.quoted,
            not_run=source.not_run,
            role=line.role,
            tolerance=line.tolerance.get(here.metric or above.metric or self.metric),
        )


class ClaimSpec(Spec):
    """A sentence of the paper as inequalities between cells, all of which must hold.

    over : names and what they run over; a statement is repeated for every combination.
    left_out : inequalities of the claim that are not judged, and why.
    only_comparable : judged only at a scale whose numbers compare with the paper's.
    """

    text: str
    source: str
    statements: list[str] = Field(min_length=1)
    over: dict[str, list[str]] = Field(default_factory=dict)
    left_out: str = ""
    only_comparable: bool = False

    @field_validator("statements")
    @classmethod
    def _not_blank(cls, statements: list[str]) -> list[str]:
        for statement in statements:
            parse_inequality(re.sub(r"\{\w+\}", "x", statement))
        return statements

    def inequalities(self) -> list[Inequality]:
        """Every statement for every combination of ``over``."""
        return [
            parse_inequality(text) for line in self.statements for text in expand(line, self.over)
        ]


class AgreementSpec(Spec):
    """When our number agrees with the printed one; fixed before any run.

    With the two-sided t interval of (ours - printed) over training seeds at ``confidence``:
    agrees if it lies inside [-tolerance, tolerance], differs if it lies outside, else not resolved.
    Fewer than ``least_seeds`` training seeds give no verdict.
    """

    tolerance: dict[str, float]
    confidence: float = Field(default=0.95, gt=0, lt=1)
    least_seeds: int = Field(default=3, ge=2)
    reason: str
