"""Snapshots become score rows and a sheet of samples, and where a figure asks for it a map."""

from kedro.pipeline import Node

from gan_repro import evaluation
from gan_repro.campaign import Campaign, labelling_of
from gan_repro.embedding import embed
from gan_repro.locks import SHARED, LockedRun
from gan_repro.pipelines import wiring


def nodes(campaign: Campaign) -> list[Node]:
    """One node a run, all its protocols together: they share samples and features.

    One more for each run whose codes some figure maps.
    """
    scored = [_node(campaign, run) for run in campaign.runs if run.evaluate]
    return [*scored, *(_map(campaign, run) for run in campaign.embedded)]


def _node(campaign: Campaign, run: LockedRun) -> Node:
    references = [wiring.reference(measuring) for measuring in campaign.measurings_of(run)]
    labelling = labelling_of(run)
    own = [wiring.entry(run, "run"), wiring.entry(run, "evaluate"), "protocols"]
    scored = (
        [wiring.entry(run, "snapshots"), wiring.labels(labelling)]
        if run.trained
        else [wiring.images(labelling.dataset, labelling.split)]
    )
    # an instrument is scored with what it has measured: Kedro wants namespaces without a way back
    instrument = run.paper == SHARED
    return wiring.step(
        evaluation.evaluate if run.trained else evaluation.calibrate,
        [*own, *scored, *references],
        [wiring.entry(run, what) for what in ("scores", "sheet")],
        name=f"evaluate_{run.family}" if instrument else f"evaluate_{run.condition}_{run.seed}",
        namespace=f"reference.{run.train['dataset']}" if instrument else wiring.namespace(run),
        tags=wiring.tags(run),
    )


def _map(campaign: Campaign, run: LockedRun) -> Node:
    references = [wiring.reference(view) for view in campaign.views_of(run)]
    return wiring.step(
        embed,
        [wiring.entry(run, "run"), wiring.entry(run, "snapshots"), *references],
        wiring.entry(run, "embedding"),
        name=f"embed_{run.condition}_{run.seed}",
        namespace=wiring.namespace(run),
        tags=wiring.tags(run),
    )
