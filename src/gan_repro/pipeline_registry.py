"""Every pipeline by name: steps, papers, tables, the report, and all of it."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from kedro.framework import project
from kedro.pipeline import Pipeline
from kedro.utils import find_kedro_project

from gan_repro.campaign import Campaign, read_campaign
from gan_repro.locks import LockedRun
from gan_repro.pipelines import data, evaluation, labels, reference, report, training, wiring

DEFAULT_SCALE = "smoke"


SWITCHES = ("fresh", "restart_on_change")
"""Kedro parameters that training takes; one node argument each would double Kedro-Viz's work."""


@dataclass(frozen=True)
class Choice:
    """What pipelines depend on: Kedro builds them without telling, so a hook does."""

    root: Path
    scale: str
    switches: Mapping[str, bool] = field(default_factory=dict)


_chosen: list[Choice] = []


def choose(choice: Choice) -> None:
    """Build these pipelines from now on, also in a second session of one process."""
    if choice not in _chosen:
        _chosen[:] = [choice]
        project.pipelines.configure(__name__)


def chosen() -> Choice:
    """What the hook said; without a session, the scale in KEDRO_ENV or smoke."""
    if _chosen:
        return _chosen[0]
    root = find_kedro_project(Path.cwd()) or Path.cwd()
    return Choice(Path(root), os.environ.get("KEDRO_ENV") or DEFAULT_SCALE)


def register_pipelines() -> dict[str, Pipeline]:
    """The pipelines of the chosen scale."""
    choice = chosen()
    return build(read_campaign(choice.root / "conf", choice.scale), choice.switches)


def build(campaign: Campaign, switches: Mapping[str, bool] | None = None) -> dict[str, Pipeline]:
    """The pipelines of a campaign.

    Each holds all it needs, from raw bytes on, so that it runs on an empty disk; only ``report``
    reads what others have left, so that a campaign that is half done can be shown.
    ``calibration`` scores real images in the place of generated ones, before anything is trained.
    """
    pages = [report.evidence_node(campaign), report.report_node(campaign)]
    shown = [*report.table_nodes(campaign), *report.figure_nodes(campaign), *pages]
    made = [*labels.nodes(campaign), *reference.nodes(campaign)]
    runs = [*training.nodes(campaign, switches or {}), *evaluation.nodes(campaign)]
    everything = Pipeline([*data.nodes(campaign), *made, *runs, *shown])
    ends = {
        "labels": [wiring.labels(labelling) for labelling in campaign.labellings],
        "reference": [wiring.reference(measuring) for measuring in campaign.measurings],
        "calibration": [wiring.entry(run, "scores") for run in campaign.runs if run.shows_real],
        **{paper: _paper_ends(campaign, paper) for paper in campaign.run_papers},
        **{
            f"{p.paper}_{table}": [
                *_table_ends(p.paper, table),
                *_instrument_ends(campaign, campaign.runs_of(p, table)),
            ]
            for p, table in campaign.tables()
        },
    }
    return {
        "data": Pipeline(data.nodes(campaign)),
        **{name: everything.to_outputs(*outputs) for name, outputs in ends.items()},
        "report": Pipeline(shown),
        "__default__": everything,
    }


def _paper_ends(campaign: Campaign, paper: str) -> list[str]:
    """What a paper ends in: the scores of its runs, and its tables."""
    own = [run for run in campaign.runs if run.paper == paper]
    scores = [wiring.entry(run, "scores") for run in own if run.evaluate]
    tables = [_table_ends(p.paper, table) for p, table in campaign.tables() if p.paper == paper]
    figures = [wiring.figure(p.paper, name) for p, name in campaign.figures() if p.paper == paper]
    return [*scores, *chain.from_iterable(tables), *figures]


def _instrument_ends(campaign: Campaign, runs: Iterable[LockedRun]) -> set[str]:
    """The scores of the instruments that measure some runs: how good they are."""
    used = {m for run in runs for m in campaign.measurings_of(run) if m.trained_here}
    found = [campaign.instrument(measuring) for measuring in used]
    return {wiring.entry(run, "scores") for run in found if run.evaluate}


def _table_ends(paper: str, table: str) -> list[str]:
    filled = wiring.table(paper, table)
    return [filled, f"{filled}.markdown", f"{filled}.latex"]
