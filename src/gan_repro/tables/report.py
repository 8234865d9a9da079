"""One self-contained HTML page for a scale: tables, verdicts, figures, samples, provenance."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gan_repro.papers import PaperSpec
from gan_repro.scales import ScaleSpec
from gan_repro.tables import figures, render, style
from gan_repro.tables.evidence import INSTRUMENTS, Evidence, by_snapshot
from gan_repro.tables.filled import FilledCell, FilledTable, counted
from gan_repro.tables.page_figures import page_figures
from gan_repro.tables.verdict import judge

if TYPE_CHECKING:
    from PIL.Image import Image


ORIGIN = ("seed", "commit", "device", "seconds", "finished")


class Course(NamedTuple):
    """A run's score at its last snapshot and at its best one, with their rounds."""

    last: float
    last_round: int
    best: float
    best_round: int
    snapshots: int


def report(
    scale: ScaleSpec,
    papers: Sequence[PaperSpec],
    tables: Mapping[str, FilledTable],
    evidence: Mapping[str, Evidence],
) -> str:
    """The page as HTML text; it refers to nothing outside itself.

    tables : ``paper.table`` -> the table; a table that is absent is shown as not run.
    evidence : run key -> what that run left; runs of the pseudo-paper ``shared`` are instruments.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gan_repro.tables", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(tone=tone, image=_data_url, flat=flatten)
    environment.globals.update(
        printed_text=render.printed_text,
        ours_text=render.ours_text,
        common_verdict=render.common_verdict,
        shortfall=render.shortfall,
        counted=counted,
    )
    shared = {run: left for run, left in evidence.items() if run.startswith(INSTRUMENTS)}
    shown = [_paper(paper, scale, tables, evidence) for paper in papers]
    _mark_first(run for paper in shown for run in _runs_of(paper))
    _draw_curves(shown, evidence)
    page = environment.get_template("report.html.j2").render(
        scale=scale,
        papers=shown,
        instruments=sorted(shared.items()),
    )
    return "\n".join(line for line in page.splitlines() if line.strip()) + "\n"


def tone(verdict: str) -> str:
    """How a verdict is coloured: good, bad, open (not resolved), or plain."""
    tones = {"agrees": "good", "holds": "good", "differs": "bad", "fails": "bad"}
    first = verdict.split(maxsplit=1)[0]
    return tones.get(first, "open" if verdict == "not resolved" else "plain")


def course(rows: Iterable[Mapping[str, Any]], protocol: str, metric: str, better: str) -> Any:
    """The ``Course`` of a run under a protocol that scores every snapshot, or None without rows."""
    points = by_snapshot(rows, protocol, metric)
    if not points:
        return None
    pick = max if better == "higher" else min
    best_round, best = pick(points, key=lambda point: point[1])
    return Course(points[-1][1], points[-1][0], best, best_round, len(points))


def flatten(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested provenance as lines ``a.b`` -> text.

    >>> flatten({"a": {"b": 1}, "c": "x"})
    [('a.b', '1'), ('c', 'x')]
    """
    lines: list[tuple[str, str]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            lines.extend(flatten(value, f"{prefix}{name}."))
        else:
            lines.append((f"{prefix}{name}", str(value)))
    return lines


def _paper(
    paper: PaperSpec,
    scale: ScaleSpec,
    tables: Mapping[str, FilledTable],
    evidence: Mapping[str, Evidence],
) -> dict[str, Any]:
    filled = {name: tables.get(f"{paper.paper}.{name}") for name in paper.tables}
    found = {name: table for name, table in filled.items() if table is not None}
    return {
        "spec": paper,
        "tables": [_table(table, paper, scale, evidence) for table in found.values()],
        "absent": [paper.tables[name].source for name in filled if name not in found],
        "figures": page_figures(paper, scale, found, evidence),
        "claims": [
            judge(name, claim, found, paper.agreement) for name, claim in paper.claims.items()
        ],
    }


def _runs_of(paper: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [run for table in paper["tables"] for row in table["rows"] for run in row["runs"]]


def _mark_first(runs: Iterable[dict[str, Any]]) -> None:
    """A run that several tables use is linked to where it appears first: ids are unique."""
    seen: set[str] = set()
    for run in runs:
        run["first"] = run["key"] not in seen
        seen.add(run["key"])


def _draw_curves(papers: Iterable[dict[str, Any]], evidence: Mapping[str, Evidence]) -> None:
    """Training curves of each row's runs, where they appear first: drawing takes a while."""
    for paper in papers:
        for table in paper["tables"]:
            for row in table["rows"]:
                first = [run["key"] for run in row["runs"] if run["first"]]
                title = f"{table['filled'].name} {row['row'].title}"
                row["curves"] = _curves(title, first, evidence)


def _table(
    table: FilledTable, paper: PaperSpec, scale: ScaleSpec, evidence: Mapping[str, Evidence]
) -> dict[str, Any]:
    rows = []
    for row in table.rows:
        cells = [table.cell(row.name, column.name) for column in table.columns]
        runs = list(dict.fromkeys(source.run for cell in cells for source in cell.sources))
        rows.append(
            {
                "row": row,
                "cells": cells,
                "runs": [_run(run, table, cells, scale, evidence) for run in runs],
                "missing": list(dict.fromkeys(why for cell in cells for why in cell.missing)),
                "curves": "",
            }
        )
    return {
        "filled": table,
        "anchor": f"{paper.paper}-{table.name}",
        "rows": rows,
        "seeds": render.seeds_text(table),
        "notes": render.notes(table),
        "origin": {run: _origin(left) for run, left in evidence.items()},
        "course_protocol": _course_protocol(scale),
    }


def _run(
    run: str,
    table: FilledTable,
    cells: Sequence[FilledCell],
    scale: ScaleSpec,
    evidence: Mapping[str, Evidence],
) -> dict[str, Any]:
    left = evidence.get(run, Evidence())
    cell, source = next(
        (cell, source) for cell in cells for source in cell.sources if source.run == run
    )
    protocol = _course_protocol(scale)
    better = next(column.better for column in table.columns if column.name == cell.column)
    return {
        "key": run,
        "short": ".".join(run.split(".")[2:]),
        "cell": cell,
        "source": source,
        "course": course(left.scores, protocol, cell.metric, better),
        "sheet": left.sheet,
        "provenance": left.provenance,
        "others": [row for row in left.scores if row["protocol"] not in (cell.protocol, protocol)],
    }


def _origin(left: Evidence) -> list[tuple[str, str]]:
    """The facts of a run's provenance that stand directly behind a number."""
    return [(n, str((left.provenance or {}).get(n, "not recorded"))) for n in ORIGIN]


def _course_protocol(scale: ScaleSpec) -> str:
    """The protocol that scores every snapshot: the first that plays the role ``course``."""
    return next(iter(scale.protocol_names("course")), "no protocol of this scale")


def _curves(title: str, runs: Sequence[str], evidence: Mapping[str, Evidence]) -> str:
    left = {run: evidence.get(run, Evidence()).history for run in runs}
    histories = {
        ".".join(run.split(".")[2:]): history
        for run, history in left.items()
        if history is not None and len(history)
    }
    return figures.training_curves(title, histories) if histories else ""


def _data_url(sheet: "bytes | Image") -> str:
    png = sheet if isinstance(sheet, bytes) else style.png(sheet)
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
