"""Images and labels become a run's snapshots."""

from kedro.pipeline import Node

from gan_repro import training
from gan_repro.campaign import Campaign, Labelling
from gan_repro.locks import LockedRun
from gan_repro.pipelines import wiring
from gan_repro.runs import LabelChoice


def nodes(campaign: Campaign) -> list[Node]:
    """One node a run."""
    return [_node(run) for run in campaign.runs]


def _node(run: LockedRun) -> Node:
    labelling = Labelling(run.train["dataset"], LabelChoice(**run.train["labels"]))
    return wiring.step(
        training.train,
        {
            "run": wiring.entry(run, "run"),
            "images": wiring.images(labelling.dataset, "train"),
            "labels": wiring.labels(labelling),
            "fresh": "params:fresh",
            "restart_on_changed_code": "params:restart_on_changed_code",
        },
        [wiring.entry(run, what) for what in ("snapshots", "history", "provenance")],
        name=f"train_{run.condition}_{run.seed}",
        namespace=wiring.namespace(run),
        tags=wiring.tags(run),
    )
