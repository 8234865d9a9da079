"""Real images, seen once by each extractor for all runs."""

from kedro.pipeline import Node

from gan_repro import evaluation
from gan_repro.campaign import Campaign, Measuring
from gan_repro.pipelines import wiring


def nodes(campaign: Campaign) -> list[Node]:
    """One node a data set, split and extractor."""
    return [_node(campaign, measuring) for measuring in campaign.measurings]


def _node(campaign: Campaign, measuring: Measuring) -> Node:
    dataset, split, extractor = measuring
    inputs = {"images": wiring.images(dataset, split)}
    if measuring.trained_here:
        inputs["weights"] = wiring.entry(campaign.instrument(measuring), "snapshots")
    return wiring.step(
        evaluation.measure,
        inputs,
        wiring.reference(measuring),
        name=f"measure_{split}_{extractor}",
        namespace=f"reference.{dataset}",
        tags={campaign.scale, dataset, extractor},
        fixed={"extractor": extractor, "dataset": dataset, "split": split},
    )
