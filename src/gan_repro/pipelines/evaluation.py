"""Snapshots become score rows and sheets of samples, and where a figure asks for it a map."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Node

from gan_repro import composing, evaluation
from gan_repro.campaign import Campaign, Measuring, labelling_of
from gan_repro.embedding import embed
from gan_repro.images import ImageSet
from gan_repro.locks import SHARED, LockedRun
from gan_repro.measuring import Reference
from gan_repro.papers import PaperSpec
from gan_repro.pipelines import wiring
from gan_repro.runs import CODES_SPLIT, LabelChoice

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


def nodes(campaign: Campaign) -> list[Node]:
    """One node a run, all its protocols together: they share samples and features.

    One more for each run whose codes some figure maps, or whose samples it lays out.
    """
    scored = [_node(campaign, run) for run in campaign.runs if run.evaluate]
    laid_out = [run for run in campaign.runs if run.key in campaign.laid_out]
    return [
        *scored,
        *(_map(campaign, run) for run in campaign.embedded),
        *(_sheets(campaign, run) for run in laid_out),
    ]


def _made_of(campaign: Campaign, run: LockedRun) -> Node:
    """Of a run that is made of others; they share its namespace."""
    parts, selects = campaign.parts_of(run), "select" in run.parts
    loaded = [
        entry
        for part in parts
        for entry in (
            *(wiring.entry(part, what) for what in ("run", "snapshots")),
            wiring.labels(labelling_of(part)),
        )
    ]
    loaded += [wiring.entry(part, "scores") for part in parts if selects]
    references = [wiring.reference(measuring) for measuring in campaign.measurings_of(run)]
    own = [wiring.entry(run, "run"), wiring.entry(run, "evaluate"), "protocols"]
    return wiring.step(
        composing.evaluate_selected if selects else composing.evaluate_ensemble,
        [*own, wiring.entry(run, "parts"), *loaded, *references],
        [wiring.entry(run, what) for what in ("scores", "sheet")],
        name=f"evaluate_{run.condition}_{run.seed}",
        namespace=wiring.namespace(run),
        tags=wiring.tags(run),
    )


def _node(campaign: Campaign, run: LockedRun) -> Node:
    if run.parts:
        return _made_of(campaign, run)
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


def _sheets(campaign: Campaign, run: LockedRun) -> Node:
    names, labels = campaign.laid_out[run.key], LabelChoice(**run.train["labels"])
    dataset, split = run.train["dataset"], run.train["split"]
    inputs = {
        "paper": f"papers.{run.paper}.layouts",
        **{what: wiring.entry(run, what) for what in ("run", "snapshots")},
        "images": wiring.images(dataset, split),
    }
    if labels.are_codes:
        inputs["coded"] = wiring.images(dataset, CODES_SPLIT)
        view = Measuring(dataset, CODES_SPLIT, str(labels.extractor))
        inputs["reference"] = wiring.reference(view)
    return wiring.step(
        draw_layouts,
        inputs,
        [wiring.entry(run, f"layout_{name}") for name in names],
        name=f"lay_out_{run.condition}_{run.seed}",
        namespace=wiring.namespace(run),
        tags=wiring.tags(run),
        fixed={"names": names},
    )


def draw_layouts(
    paper: PaperSpec,
    run: dict[str, Any],
    snapshots: "Mapping[str, Tensor]",
    images: ImageSet,
    coded: ImageSet | None = None,
    reference: Reference | None = None,
    *,
    names: tuple[str, ...],
) -> "list[Image]":
    """``gan_repro.grids`` of the paper's layouts with these names."""
    from gan_repro import grids

    layouts = {name: paper.layouts[name] for name in names}
    seen = [reference] if reference else []
    return list(grids.draw(run, layouts, snapshots, images, coded, *seen).values())
