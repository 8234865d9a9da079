"""Score rows become tables, and tables one page."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from kedro.pipeline import Node

from gan_repro.campaign import Campaign
from gan_repro.papers import PaperSpec, ScaleSpec
from gan_repro.pipelines import wiring
from gan_repro.tables import render
from gan_repro.tables.fill import fill
from gan_repro.tables.filled import FilledTable

EVIDENCE = ("scores", "sheet", "history", "provenance")


def table_nodes(campaign: Campaign) -> list[Node]:
    """Three nodes a table: filled from whatever score rows there are, in Markdown, in LaTeX."""
    return [step for paper, table in campaign.tables() for step in _table(campaign, paper, table)]


def report_node(campaign: Campaign) -> Node:
    """The page with every table and what lies behind it."""
    papers = [f"papers.{paper.paper}" for paper in campaign.papers]
    tables = [wiring.table(paper.paper, table) for paper, table in campaign.tables()]
    runs = [run.key for run in campaign.runs]
    evidence = [f"{run}.{what}" for run in runs for what in EVIDENCE]
    return wiring.step(
        report_page,
        ["scale", *papers, *tables, *evidence],
        "report",
        name="render_report",
        namespace="report",
        tags={campaign.scale},
        fixed={"papers": len(papers), "tables": len(tables), "runs": runs},
    )


def _table(campaign: Campaign, paper: PaperSpec, table: str) -> list[Node]:
    filled = wiring.table(paper.paper, table)
    scores = [wiring.entry(run, "scores") for run in campaign.runs_of(paper, table)]
    where: dict[str, Any] = {
        "namespace": f"{paper.paper}.{table}",
        "tags": {campaign.scale, paper.paper},
    }
    return [
        wiring.step(
            fill_table,
            [f"papers.{paper.paper}.{table}", "scale.of_tables", *scores],
            filled,
            name="fill",
            fixed={"table": table},
            **where,
        ),
        wiring.step(render.to_markdown, filled, f"{filled}.markdown", name="markdown", **where),
        wiring.step(render.to_latex, filled, f"{filled}.latex", name="latex", **where),
    ]


def fill_table(
    paper: PaperSpec, scale: ScaleSpec, *scores: Sequence[Mapping[str, Any]], table: str
) -> FilledTable:
    """``tables.fill`` of one table from its runs' score rows."""
    return fill(paper, table, scale, chain.from_iterable(scores))


def report_page(
    scale: ScaleSpec, *loaded: Any, papers: int, tables: int, runs: Sequence[str]
) -> str:
    """``tables.report`` from what the catalog holds: papers, tables, then four entries a run."""
    from gan_repro.tables.report import Evidence, report

    filled: Sequence[FilledTable] = loaded[papers : papers + tables]
    rest = iter(loaded[papers + tables :])
    evidence = {run: Evidence(**{what: next(rest) for what in EVIDENCE}) for run in runs}
    named = {f"{table.paper}.{table.name}": table for table in filled}
    return report(scale, loaded[:papers], named, evidence)
