"""Score rows become tables, and tables one page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Node

from gan_repro.campaign import Campaign
from gan_repro.papers import PaperSpec
from gan_repro.pipelines import wiring
from gan_repro.printed import RATERS
from gan_repro.scales import ScaleSpec
from gan_repro.tables import render
from gan_repro.tables.fill import fill
from gan_repro.tables.filled import FilledTable

if TYPE_CHECKING:
    from PIL.Image import Image


def table_nodes(campaign: Campaign) -> list[Node]:
    """Three nodes a table: filled from whatever score rows there are, in Markdown, in LaTeX."""
    return [step for paper, table in campaign.tables() for step in _table(campaign, paper, table)]


def figure_nodes(campaign: Campaign) -> list[Node]:
    """One node a figure: a picture of lines, of samples or of codes."""
    return [_figure(campaign, paper, figure) for paper, figure in campaign.figures()]


def evidence_node(campaign: Campaign) -> Node:
    """The page of what every run has left, which git keeps beside the tables."""
    tables = [wiring.table(paper.paper, table) for paper, table in campaign.tables()]
    return wiring.step(
        evidence_page,
        ["scale", *_families(campaign), *tables, *_awaited(campaign)],
        "results",
        name="render_results",
        namespace="report",
        tags={campaign.scale},
        fixed={"families": len(_families(campaign))},
    )


def report_node(campaign: Campaign) -> Node:
    """The page with every table and what lies behind it.

    Evidence comes by family, not by run: Kedro's work grows with the square of a node's inputs.
    Tables make it wait for their runs; the scores of runs that are in no table, maps of codes and
    laid out samples do so themselves.
    """
    papers = [f"papers.{paper.paper}" for paper in campaign.papers]
    tables = [wiring.table(paper.paper, table) for paper, table in campaign.tables()]
    families, awaited = _families(campaign), _awaited(campaign)
    maps = [wiring.entry(run, "embedding") for run in campaign.embedded]
    sheets = [f"{run}.layout_{name}" for run, own in campaign.laid_out.items() for name in own]
    return wiring.step(
        report_page,
        ["scale", *papers, *tables, *families, *awaited, *maps, *sheets],
        "report",
        name="render_report",
        namespace="report",
        tags={campaign.scale},
        fixed={"papers": len(papers), "tables": len(tables), "families": len(families)},
    )


def _families(campaign: Campaign) -> list[str]:
    return [f"evidence.{family}" for family in dict.fromkeys(map(wiring.namespace, campaign.runs))]


def _awaited(campaign: Campaign) -> list[str]:
    in_tables = {
        run.key for paper, table in campaign.tables() for run in campaign.runs_of(paper, table)
    }
    apart = [run for run in campaign.runs if run.key not in in_tables and run.evaluate]
    return [wiring.entry(run, "scores") for run in apart]


def _table(campaign: Campaign, paper: PaperSpec, table: str) -> list[Node]:
    filled = wiring.table(paper.paper, table)
    scores = [wiring.entry(run, "scores") for run in campaign.runs_of(paper, table)]
    votes = ["votes"] if any(cell.protocol == RATERS for cell in paper.cells(table)) else []
    where: dict[str, Any] = {
        "namespace": f"{paper.paper}.tables",
        "tags": {campaign.scale, paper.paper},
    }
    return [
        wiring.step(
            fill_table,
            [f"papers.{paper.paper}.{table}", "scale.of_tables", *votes, *scores],
            filled,
            name=f"fill_{table}",
            fixed={"table": table},
            **where,
        ),
        wiring.step(
            render.to_markdown, filled, f"{filled}.markdown", name=f"markdown_{table}", **where
        ),
        wiring.step(render.to_latex, filled, f"{filled}.latex", name=f"latex_{table}", **where),
    ]


def _figure(campaign: Campaign, paper: PaperSpec, name: str) -> Node:
    figure = paper.figures[name]
    sources, named = _sources(campaign, paper, name)
    return wiring.step(
        DRAWERS[figure.kind],
        [f"papers.{paper.paper}.figures.{name}", *sources],
        wiring.figure(paper.paper, name),
        name=f"draw_{name}",
        namespace=f"{paper.paper}.figures",
        tags={campaign.scale, paper.paper},
        fixed={"figure": name, **named},
    )


def _sources(
    campaign: Campaign, paper: PaperSpec, name: str
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """What a figure is drawn from, and the table, ``family.condition`` or sheet of each entry."""
    figure, shown = paper.figures[name], campaign.shown_in(paper, name)
    first = {run: seeds[0] for run, seeds in shown.items()}
    if figure.kind == "tables":
        tables = tuple(figure.tables)
        return [wiring.table(paper.paper, table) for table in tables], {"names": tables}
    if figure.curves:
        scores = [wiring.entry(seed, "scores") for seeds in shown.values() for seed in seeds]
        names = tuple(run for run, seeds in shown.items() for _ in seeds)
        losses = first if figure.curves.losses else {}
        histories = [wiring.entry(run, "history") for run in losses.values()]
        named = {"names": names, "losses": tuple(losses)}
        return ["scale.of_tables", *scores, *histories], named
    if figure.scatter:
        entries = [wiring.entry(run, "scores") for run in first.values()]
        return ["scale.of_tables", *entries], {"names": tuple(first)}
    if figure.embedding:
        return [wiring.entry(run, "embedding") for run in first.values()], {"names": tuple(first)}
    panels = {panel.sheet: panel for panel in figure.sheets if panel.run in first}
    entries = [wiring.entry(first[panel.run], panel.entry) for panel in panels.values()]
    return entries, {"names": tuple(panels)}


def draw_lines(
    paper: PaperSpec, *tables: FilledTable, figure: str, names: tuple[str, ...]
) -> "Image":
    """``tables.figures`` of one figure, in pixels."""
    from gan_repro.tables.figures import table_lines_picture

    return table_lines_picture(paper.figures[figure], dict(zip(names, tables, strict=True)))


def draw_samples(
    paper: PaperSpec, *sheets: bytes | None, figure: str, names: tuple[str, ...]
) -> "Image":
    """``tables.panels`` of one figure."""
    from gan_repro.tables.panels import sample_panels

    return sample_panels(paper.figures[figure], dict(zip(names, sheets, strict=True)))


def draw_curves(
    paper: PaperSpec,
    scale: ScaleSpec,
    *left: Any,
    figure: str,
    names: tuple[str, ...],
    losses: tuple[str, ...],
) -> "Image":
    """``tables.curves`` of one figure.

    left : score rows of the runs ``names``, then histories of the first seeds of ``losses``.
    """
    from gan_repro.tables.curves import course_lines_picture
    from gan_repro.tables.evidence import Evidence

    runs: dict[str, list[Evidence]] = {}
    for run, rows in zip(names, left[: len(names)], strict=True):
        runs.setdefault(run, []).append(Evidence(rows))
    for run, history in zip(losses, left[len(names) :], strict=True):
        runs[run][0] = replace(runs[run][0], history=history)
    return course_lines_picture(paper.figures[figure], scale, runs)


def draw_maps(
    paper: PaperSpec, *embeddings: Mapping[str, Any] | None, figure: str, names: tuple[str, ...]
) -> "Image":
    """``tables.maps`` of one figure."""
    from gan_repro.tables.maps import code_maps

    return code_maps(paper.figures[figure], dict(zip(names, embeddings, strict=True)))


def draw_points(
    paper: PaperSpec, scale: ScaleSpec, *scores: Any, figure: str, names: tuple[str, ...]
) -> "Image":
    """``tables.scatter`` of one figure."""
    from gan_repro.tables.scatter import class_points_picture

    return class_points_picture(paper.figures[figure], scale, dict(zip(names, scores, strict=True)))


DRAWERS: Mapping[str, Callable[..., "Image"]] = {
    "tables": draw_lines,
    "panels": draw_samples,
    "curves": draw_curves,
    "embedding": draw_maps,
    "scatter": draw_points,
}


def fill_table(
    paper: PaperSpec, scale: ScaleSpec, *scores: Sequence[Mapping[str, Any]], table: str
) -> FilledTable:
    """``tables.fill`` of one table from its runs' score rows."""
    return fill(paper, table, scale, chain.from_iterable(scores))


def report_page(scale: ScaleSpec, *loaded: Any, papers: int, tables: int, families: int) -> str:
    """``tables.report`` from what the catalog holds: papers, tables, then evidence by family."""
    from gan_repro.tables.report import report

    filled: Sequence[FilledTable] = loaded[papers : papers + tables]
    gathered = loaded[papers + tables : papers + tables + families]
    evidence = {run: left for family in gathered for run, left in family.items()}
    named = {f"{table.paper}.{table.name}": table for table in filled}
    return report(scale, loaded[:papers], named, evidence)


def evidence_page(scale: ScaleSpec, *loaded: Any, families: int) -> str:
    """``tables.evidence`` from what the catalog holds; the page lies three folders deep."""
    from gan_repro.tables import evidence

    left = {run: found for family in loaded[:families] for run, found in family.items()}
    sheets = f"../../../data/08_reporting/{scale.scale}/{{run}}/samples.png"
    return evidence.to_markdown(scale, left, sheets)
