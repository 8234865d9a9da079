"""Images and labels become a run's snapshots."""

from collections.abc import Mapping

from kedro.pipeline import Node

from gan_repro import training
from gan_repro.campaign import Campaign, labelling_of
from gan_repro.locks import LockedRun
from gan_repro.pipelines import wiring


def nodes(campaign: Campaign, switches: Mapping[str, bool]) -> list[Node]:
    """One node a run; ``switches`` say what becomes of an earlier attempt's state."""
    return [_node(campaign, run, switches) for run in campaign.runs if run.trained]


def _node(campaign: Campaign, run: LockedRun, switches: Mapping[str, bool]) -> Node:
    labelling = labelling_of(run)
    inputs = {
        "run": wiring.entry(run, "run"),
        "images": wiring.images(labelling.dataset, labelling.split),
        "labels": wiring.labels(labelling),
    }
    if instrument := campaign.upstream(run):
        inputs["upstream"] = wiring.entry(instrument, "snapshots")
    return wiring.step(
        training.train,
        inputs,
        [wiring.entry(run, what) for what in ("snapshots", "history", "provenance")],
        name=f"train_{run.condition}_{run.seed}",
        namespace=wiring.namespace(run),
        tags=wiring.tags(run),
        fixed=switches,
    )
