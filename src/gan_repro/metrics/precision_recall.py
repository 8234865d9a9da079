"""Precision: the share of samples near real images. Recall: the share of real images near samples.

Near: within the distance from one of them to its k-th nearest neighbour on its own side.
Kynkaanniemi et al. 2019, equations 1 and 2.
"""

from pydantic import Field

from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("precision", "recall")
ROWS_AT_ONCE = 2000


class Settings(Spec):
    """neighbours : k; 3 in the paper's section 3."""

    neighbours: int = Field(default=3, ge=1)


def least_samples(settings: Settings) -> int:
    """A sample and its k neighbours."""
    return settings.neighbours + 1


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """Both shares, in [0, 1], of pooled features (n, d), in float64 so that no tie is broken."""
    import torch
    from torch_fidelity.metric_prc import prc_features_to_metric

    found = prc_features_to_metric(
        torch.from_numpy(features.pooled).double(),
        torch.from_numpy(reference.features.pooled).double(),
        prc_neighborhood=settings.neighbours,
        prc_batch_size=ROWS_AT_ONCE,
        save_cpu_ram=True,
        verbose=False,
    )
    return {name: found[name] for name in NAMES}
