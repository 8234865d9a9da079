"""Clean labels become the labels that runs train on."""

from kedro.pipeline import Node

from gan_repro import kinds
from gan_repro.campaign import Campaign, Labelling
from gan_repro.pipelines import wiring


def nodes(campaign: Campaign) -> list[Node]:
    """One node a data set and choice of labels; each calls the kind's own ``make``."""
    return [_node(campaign, labelling) for labelling in campaign.labellings]


def _node(campaign: Campaign, labelling: Labelling) -> Node:
    dataset, split, labels = labelling
    module = kinds.find("labels", labels.kind)
    inputs = {"images": wiring.images(dataset, split)}
    if labelling.seen:
        inputs["seen"] = wiring.reference(labelling.seen)
    return wiring.step(
        module.make,
        inputs,
        wiring.labels(labelling),
        name=f"make_{labelling.slug}",
        namespace=f"{wiring.label_layer(labelling)}.{dataset}",
        tags={campaign.scale, dataset, labels.kind},
        fixed={"settings": module.Settings(**labels.settings)},
    )
