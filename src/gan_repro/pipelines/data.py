"""Raw bytes become image sets."""

from kedro.pipeline import Node

from gan_repro import fetching
from gan_repro.campaign import Campaign
from gan_repro.pipelines import wiring


def nodes(campaign: Campaign) -> list[Node]:
    """One node a data set and split."""
    return [
        wiring.step(
            fetching.load,
            {"raw_root": f"raw.{dataset}", "conf_root": f"cards.{dataset}"},
            wiring.images(dataset, split),
            name=f"read_{split}",
            namespace=f"data.{dataset}",
            tags={campaign.scale, dataset},
            fixed={"name": dataset, "split": split},
        )
        for dataset, split in campaign.splits
    ]
