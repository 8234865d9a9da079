"""Experiments as data: what a paper ran, printed and claims."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from gan_repro import kinds
from gan_repro.checking import known_names, parse, read_yaml, refuse
from gan_repro.families import FamilySpec
from gan_repro.kinds import Spec
from gan_repro.layouts import Layout
from gan_repro.printed import RATERS, AgreementSpec, Cell, ClaimSpec, TableSpec
from gan_repro.printed_figures import FigureSpec


class PaperSpec(Spec):
    """A paper: citation, run families, tables as printed, figures, claims, agreement rule.

    anchors : a place for YAML anchors; nothing reads it.
    protocols : role -> what the paper says about it.
    layouts : what samples share in panels of its figures, by name.
    """

    paper: str
    title: str
    citation: str
    anchors: Any = None
    protocols: dict[str, str]
    families: dict[str, FamilySpec]
    tables: dict[str, TableSpec]
    layouts: dict[str, Layout] = Field(default_factory=dict)
    figures: dict[str, FigureSpec] = Field(default_factory=dict)
    claims: dict[str, ClaimSpec] = Field(default_factory=dict)
    agreement: AgreementSpec

    @property
    def prints_numbers(self) -> bool:
        """Whether any table has a printed number; demonstrations have none."""
        return any(cell.printed for table in self.tables for cell in self.cells(table))

    def cells(self, table: str) -> list[Cell]:
        """Every cell of a table, row by row."""
        return self.tables[table].cells(table, self.paper)

    def families_of(self, table: str) -> tuple[str, ...]:
        """The paper's own families that a table's cells need, in order of appearance."""
        runs = [cell.run.split(".") for cell in self.cells(table) if cell.run]
        return tuple(dict.fromkeys(run[1] for run in runs if run[0] == self.paper))


def read_paper(path: str | Path) -> PaperSpec:
    """The experiments of ``conf/papers/<paper>.yml``; raises ConfigurationError with all faults."""
    paper = parse(PaperSpec, read_yaml(Path(path)), path)
    refuse(path, _cell_faults(paper) + _claim_faults(paper) + _figure_faults(paper))
    return paper


def _cell_faults(paper: PaperSpec) -> list[str]:
    faults = []
    for table in paper.tables:
        for cell in paper.cells(table):
            owner, family, condition = (cell.run or "..").split(".", 2)
            if owner != paper.paper:
                continue
            where = f"tables.{table}.rows.{cell.row}.{cell.column}"
            spec = paper.families.get(family)
            if spec is None:
                known = known_names(family, paper.families)
                faults.append(f"{where}: no family is called {family!r}. {known}")
            elif condition not in spec.conditions:
                known = known_names(condition, spec.conditions)
                faults.append(f"{where}: {family} has no condition {condition!r}. {known}")
            elif cell.protocol not in (RATERS, *spec.evaluate):
                known = known_names(cell.protocol, spec.evaluate)
                faults.append(f"{where}: {family} is not scored by {cell.protocol!r}. {known}")
    return faults


def _claim_faults(paper: PaperSpec) -> list[str]:
    known = {cell.name for table in paper.tables for cell in paper.cells(table)}
    faults = []
    for name, claim in paper.claims.items():
        try:
            cells = {cell for line in claim.inequalities() for cell in line.cells}
        except ValueError as fault:
            faults.append(f"claims.{name}.statements: {fault}.")
            continue
        for cell in sorted(cells - known):
            faults.append(f"claims.{name}: no cell is called {cell!r}. {known_names(cell, known)}")
    return faults


def _figure_faults(paper: PaperSpec) -> list[str]:
    runs = [f"{name}.{c}" for name, family in paper.families.items() for c in family.conditions]
    faults = []
    for name, figure in paper.figures.items():
        asked: dict[str, tuple[Sequence[str], Iterable[str]]] = {
            "table": (figure.tables, paper.tables),
            "layout": ([panel.layout for panel in figure.sheets if panel.layout], paper.layouts),
            "run": ([shown.run for shown in figure.shown], runs),
        }
        for what, (names, known) in asked.items():
            faults += [
                f"figures.{name}: no {what} is called {one!r}. {known_names(one, known)}"
                for one in names
                if one not in known
            ]
        for run in asked["run"][0]:
            if run in runs:
                faults += [f"figures.{name}: {fault}" for fault in _run_faults(paper, figure, run)]
    return faults


def _run_faults(paper: PaperSpec, figure: FigureSpec, run: str) -> Iterator[str]:
    """Why a figure cannot show one of its runs, ``family.condition``."""
    family, condition = run.split(".")
    spec = paper.families[family]
    labels = spec.conditions[condition]
    if not spec.at(condition).method and any(
        panel.layout for panel in figure.sheets if panel.run == run
    ):
        yield f"{family} trains nothing, so its images share no inputs. Leave out the layout."
    if figure.scatter and figure.scatter.protocol not in spec.evaluate:
        role = figure.scatter.protocol
        yield f"{family} is not scored by {role!r}. {known_names(role, spec.evaluate)}"
    if figure.curves:
        role = figure.curves.roles[run]
        if role not in spec.evaluate:
            yield f"{family} is not scored by {role!r}. {known_names(role, spec.evaluate)}"
        if not spec.method:
            yield f"{family} trains nothing, so it has no curve. Leave it out of curves.runs."
    # a kind that does not exist is refused when runs are resolved
    if figure.embedding and labels.kind in kinds.names("labels") and not labels.are_codes:
        yield (
            f"{run} has labels of kind {labels.kind!r}, expected codes, of kind 'features': an "
            "embedding shows what a generator is conditioned on. Leave it out of embedding.runs."
        )
