"""Score rows into a table's cells: mean and sd over training seeds, and where they come from."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gan_repro.papers import PaperSpec
from gan_repro.printed import RATERS, AgreementSpec, Cell
from gan_repro.scales import ScaleSpec
from gan_repro.tables.filled import (
    BEYOND,
    BLANK,
    FilledCell,
    FilledColumn,
    FilledRow,
    FilledTable,
    Source,
)
from gan_repro.tables.verdict import agreement

Scores = Mapping[tuple[str, str, str], list[dict[str, Any]]]
"""(run, protocol, metric) -> its score rows."""


def fill(
    paper: PaperSpec, table: str, scale: ScaleSpec, rows: Iterable[Mapping[str, Any]]
) -> FilledTable:
    """A table of ``paper`` with whatever score rows there are.

    rows : ``{run, snapshot, protocol, metric, value, n, extractor_sha256, ...}``, in any order;
        those of other tables are passed over.
    """
    scores: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        scores[row["run"], row["protocol"], row["metric"]].append(dict(row))
    spec = paper.tables[table]
    cells = tuple(_cell(cell, paper, scale, scores) for cell in paper.cells(table))
    return FilledTable(
        paper=paper.paper,
        name=table,
        scale=scale.scale,
        honesty=scale.honesty.strip(),
        title=spec.title,
        source=spec.source,
        metric_title=spec.metric_title,
        decimals=spec.decimals,
        column_title=spec.column_title,
        seeds=tuple(f"seed{seed}" for seed in scale.seeds_of(paper.paper)),
        rule=_rule(paper) if scale.comparable else "",
        rows=tuple(
            FilledRow(name=name, title=row.title, role=row.role, note=row.note)
            for name, row in spec.rows.items()
        ),
        columns=tuple(
            FilledColumn(
                name=name, title=column.title, better=column.better or spec.better, at=column.at
            )
            for name, column in spec.columns.items()
        ),
        cells=cells,
        evaluators=tuple(_evaluators(cells, paper)),
    )


def _cell(cell: Cell, paper: PaperSpec, scale: ScaleSpec, scores: Scores) -> FilledCell:
    protocol = next(iter(scale.protocol_names(cell.protocol)), cell.protocol)
    sources, missing = _sources(cell, protocol, paper, scale, scores)
    values = [source.value for source in sources]
    return FilledCell(
        row=cell.row,
        column=cell.column,
        printed=cell.printed.text if cell.printed else None,
        printed_value=cell.printed.value if cell.printed else None,
        protocol=protocol,
        metric=cell.metric,
        mean=statistics.fmean(values) if values else None,
        sd=statistics.stdev(values) if len(values) > 1 else None,
        sources=sources,
        missing=missing,
        quoted=cell.quoted or "",
        agreement=_agreement(cell, values, paper, scale),
    )


def _sources(
    cell: Cell, protocol: str, paper: PaperSpec, scale: ScaleSpec, scores: Scores
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    if cell.not_run:
        return (), (f"not run: {cell.not_run}",)
    if not cell.run:
        return (), ()
    if dataset := _left_out(cell.run, paper, scale):
        return (), (f"not run: needs {dataset}; nothing stands in for it at {scale.scale} scale",)
    sources, missing = [], []
    for seed in scale.seeds_of(cell.run.split(".")[0]):
        run = f"{cell.run}.seed{seed}"
        found = scores.get((run, protocol, cell.metric), [])
        if not found and protocol == RATERS:
            missing.append("not run: needs raters")
        elif not found:
            missing.append(f"not run: {run} has no {cell.metric} under {protocol}")
        elif not math.isfinite(_chosen(found)["value"]):
            missing.append(f"not run: {run} has a {cell.metric} that is not finite")
        else:
            sources.append(_source(run, f"seed{seed}", _chosen(found)))
    return tuple(sources), tuple(dict.fromkeys(missing))


def _evaluators(cells: Iterable[FilledCell], paper: PaperSpec) -> Iterator[str]:
    """Protocols by which several trainings of one extractor judge runs of one data set."""
    judged: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for cell in cells:
        for source in cell.sources:
            owner, family = source.run.split(".")[:2]
            own = owner == paper.paper and family in paper.families
            about = paper.families[family].dataset if own else family
            judged[cell.protocol, about][source.extractor_sha256[:8]].add(source.run)
    for (protocol, _), by_hash in judged.items():
        if len(by_hash) > 1:
            most, *others = sorted(by_hash, key=lambda name: (-len(by_hash[name]), name))
            runs = "; ".join(f"{name}: {', '.join(sorted(by_hash[name]))}" for name in others)
            yield (
                f"{protocol}: these runs were scored by another training of the extractor than the "
                f"others ({most}), so compare them with care: {runs}."
            )


def _left_out(run: str, paper: PaperSpec, scale: ScaleSpec) -> str:
    """The data set of one of the paper's own runs where the scale has none in its place, or ""."""
    owner, family = run.split(".")[:2]
    if owner != paper.paper or family not in paper.families:
        return ""
    dataset = paper.families[family].dataset
    return "" if scale.stand_in(owner, dataset) else dataset


def _chosen(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The row that the protocol ends in: its mean over snapshots, or else the last snapshot."""
    means = [row for row in rows if isinstance(row["snapshot"], str)]
    return means[0] if means else max(rows, key=lambda row: row["snapshot"])


def _source(run: str, seed: str, row: dict[str, Any]) -> Source:
    return Source(
        run=run,
        seed=seed,
        value=row["value"],
        snapshots=tuple(row.get("rounds") or [row["snapshot"]]),
        samples=row.get("n"),
        extractor_sha256=row.get("extractor_sha256") or "",
        reference_sha256=row.get("reference_sha256") or "",
        checkpoint_sha256=row.get("checkpoint_sha256") or "",
    )


def _agreement(cell: Cell, values: list[float], paper: PaperSpec, scale: ScaleSpec) -> str:
    if cell.quoted:
        return "quoted"
    if not values:
        return "not run"
    if cell.role == "beyond":
        return BEYOND
    if cell.printed is None:
        return BLANK
    if not scale.comparable:
        return f"not comparable: {scale.scale} scale"
    return _verdict(cell, values, cell.printed.value, paper.agreement)


def _verdict(cell: Cell, values: list[float], printed: float, rule: AgreementSpec) -> str:
    if cell.role == "cited":
        return "no verdict: the paper quotes this number"
    return agreement(values, printed, cell.tolerance or rule.tolerance.get(cell.metric), rule)


def _rule(paper: PaperSpec) -> str:
    rule = paper.agreement
    share = f"{rule.confidence:.0%}"
    bounds = ", ".join(f"{name} ±{bound:g}" for name, bound in rule.tolerance.items())
    return (
        f"Ours agrees when the {share} interval over training seeds of ours minus printed lies "
        f"within the tolerance ({bounds}), differs when it lies outside, and is not resolved "
        f"otherwise; at least {rule.least_seeds} training seeds. {rule.reason.strip()}"
    )
