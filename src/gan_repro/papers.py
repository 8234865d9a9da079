"""Experiments as data: a paper's runs and tables, what a scale makes of them, and every run."""

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from gan_repro import kinds
from gan_repro.checking import explain, known_names, parse, read_yaml, refuse
from gan_repro.errors import UnknownKindError
from gan_repro.kinds import Spec
from gan_repro.printed import AgreementSpec, Cell, ClaimSpec, FigureSpec, TableSpec
from gan_repro.runs import LabelChoice, RunSpec
from gan_repro.scales import ScaleSpec, read_scale

__all__ = ["PaperSpec", "ScaleSpec", "read_paper", "read_scale", "resolve", "resolve_shared"]

Runs = dict[str, dict[str, dict[str, dict[str, Any]]]]
"""family -> condition -> seed -> {"train": a RunSpec as a dict, "evaluate": protocol names}."""


class FamilySpec(Spec):
    """Runs that share everything but labels and seed.

    dataset : the paper's; the scale says what stands in.
    split : which of its images to train on; a data set that stands in has only ``train``.
    method : ``kind`` and what differs from the defaults of that file's ``Settings``.
    evaluate : roles of protocols; the scale says which protocol plays each.
    """

    dataset: str
    split: str = "train"
    method: dict[str, Any]
    rounds: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    snapshots: tuple[float, ...]
    conditions: dict[str, LabelChoice]
    evaluate: list[str]
    pixels: str = "dequantised"


class PaperSpec(Spec):
    """A paper: citation, run families, tables as printed, figures, claims, agreement rule.

    anchors : a place for YAML anchors; nothing reads it.
    protocols : role -> what the paper says about it.
    """

    paper: str
    title: str
    citation: str
    anchors: Any = None
    protocols: dict[str, str]
    families: dict[str, FamilySpec]
    tables: dict[str, TableSpec]
    figures: dict[str, FigureSpec] = Field(default_factory=dict)
    claims: dict[str, ClaimSpec] = Field(default_factory=dict)
    agreement: AgreementSpec

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


def resolve(paper: PaperSpec, scale: ScaleSpec) -> Runs:
    """Every run of a paper at a scale, with every hyper-parameter.

    A scale that names no data sets for the paper has no runs of it.

    Raises
    ------
    ConfigurationError
        With all faults at once: unknown kinds, settings, data sets and protocol roles.
    """
    if paper.paper not in scale.datasets:
        return {}
    faults: list[str] = []
    runs: Runs = {
        name: {
            condition: _seeds(paper.paper, name, condition, family, scale, faults)
            for condition in family.conditions
        }
        for name, family in paper.families.items()
    }
    refuse(f"conf/papers/{paper.paper}.yml at {scale.scale} scale", list(dict.fromkeys(faults)))
    return runs


def resolve_shared(scale: ScaleSpec) -> Runs:
    """The runs that no paper owns: each data set's classifier, condition ``clean``, ``seed0``."""
    faults: list[str] = []
    runs: Runs = {}
    own = scale.model_copy(update={"seeds": [0], "datasets": {}, "methods": {}})
    for dataset, spec in scale.classifiers.items():
        family = FamilySpec(
            dataset=dataset,
            method={"kind": "classifier", **spec.method},
            rounds=spec.rounds,
            batch_size=spec.batch_size,
            snapshots=(1.0,),
            conditions={"clean": LabelChoice()},
            evaluate=["classifier_accuracy"],
            pixels=spec.pixels,
        )
        name = f"classifier_{dataset}"
        runs[name] = {"clean": _seeds("shared", name, "clean", family, own, faults)}
    refuse(f"conf/scales/{scale.scale}.yml: classifiers", faults)
    return runs


def _seeds(
    paper: str, name: str, condition: str, family: FamilySpec, scale: ScaleSpec, faults: list[str]
) -> dict[str, dict[str, Any]]:
    where = f"families.{name}"
    stands_in = {family.dataset: family.dataset, **scale.datasets.get(paper, {})}[family.dataset]
    if paper != "shared" and family.dataset not in scale.datasets.get(paper, {}):
        known = known_names(family.dataset, scale.datasets.get(paper, {}))
        faults.append(f"{where}.dataset: nothing stands in for {family.dataset!r}. {known}")
    elif stands_in not in kinds.names("datasets"):
        known = known_names(stands_in, kinds.names("datasets"))
        faults.append(f"{where}.dataset: no data set is called {stands_in!r}. {known}")
    method = _method(where, family, scale, faults)
    labels = _labels(f"{where}.conditions.{condition}", family.conditions[condition], faults)
    evaluate = _protocols(f"{where}.evaluate", family.evaluate, scale, faults)
    if faults:
        return {}
    common: dict[str, Any] = {
        "scale": scale.scale,
        "dataset": stands_in,
        "split": family.split if stands_in == family.dataset else "train",
        "labels": labels,
        "method": method,
        "rounds": max(1, round(family.rounds * scale.rounds_fraction.get(paper, 1.0))),
        "batch_size": scale.batch_size.get(paper, family.batch_size),
        "pixels": family.pixels,
        "snapshots": family.snapshots,
        "engine": scale.engine,
    }
    runs = {}
    # The same seed gives every method the same data order and draws: claims pair runs by seed.
    for seed in scale.seeds:
        key = f"{paper}.{name}.{condition}.seed{seed}"
        try:
            run = RunSpec(key=key, seed=seed, **common)
        except ValidationError as error:
            faults.extend(f"{where}.{fault}" for fault in explain(error, RunSpec))
            return {}
        runs[f"seed{seed}"] = {"train": run.model_dump(mode="json"), "evaluate": evaluate}
    return runs


def _method(where: str, family: FamilySpec, scale: ScaleSpec, faults: list[str]) -> dict[str, Any]:
    kind = str(family.method.get("kind", ""))
    asked = {name: value for name, value in family.method.items() if name != "kind"}
    settings = _settings("methods", kind, {**asked, **scale.methods.get(kind, {})})
    if isinstance(settings, list):
        faults.extend(f"{where}.method.{fault}" for fault in settings)
        return {}
    return {"kind": kind, **settings}


def _labels(where: str, labels: LabelChoice, faults: list[str]) -> LabelChoice:
    settings = _settings("labels", labels.kind, labels.settings)
    if isinstance(settings, list):
        faults.extend(f"{where}.settings.{fault}" for fault in settings)
        return labels
    return LabelChoice(kind=labels.kind, settings=settings)


def _settings(folder: str, kind: str, asked: dict[str, Any]) -> dict[str, Any] | list[str]:
    """All settings of a kind, defaults included, or what is wrong with those asked for."""
    try:
        model = kinds.find(folder, kind).Settings
        return dict(model(**asked).model_dump(mode="json"))
    except UnknownKindError as error:
        return [f"kind: {error}"]
    except ValidationError as error:
        return explain(error, model)


def _protocols(where: str, roles: list[str], scale: ScaleSpec, faults: list[str]) -> list[str]:
    for role in roles:
        if role not in scale.protocols:
            known = known_names(role, scale.protocols)
            faults.append(f"{where}: the scale has no protocol for the role {role!r}. {known}")
    return list(dict.fromkeys(name for role in roles for name in scale.protocol_names(role)))


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
            elif cell.protocol not in spec.evaluate:
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
    return [
        f"figures.{name}.tables: no table is called {table!r}. {known_names(table, paper.tables)}"
        for name, figure in paper.figures.items()
        for table in figure.tables
        if table not in paper.tables
    ]
