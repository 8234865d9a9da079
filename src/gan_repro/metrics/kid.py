"""Kernel distance: unbiased squared MMD with the kernel (x.y / d + 1)^3, mean over random subsets.

Binkowski et al. 2018, sections 3 and 4. Slightly negative values are valid.
"""

from pydantic import Field

from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("kid", "kid_spread")


class Settings(Spec):
    """subsets of subset_size images a side (100 of 1,000 in the authors' code), and their seed."""

    subsets: int = Field(default=100, ge=1)
    subset_size: int = Field(default=1000, ge=2)
    seed: int = 2020


def least_samples(settings: Settings) -> int:
    """A subset is drawn without replacement."""
    return settings.subset_size


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """The mean over subsets of pooled features (n, d) and their spread.

    In float32, twice as fast as in float64: a sum over a million pairs is as good in either.
    """
    import torch
    from torch_fidelity.metric_kid import kid_features_to_metric

    found = kid_features_to_metric(
        torch.from_numpy(features.pooled).float(),
        torch.from_numpy(reference.features.pooled).float(),
        kid_subsets=settings.subsets,
        kid_subset_size=settings.subset_size,
        rng_seed=settings.seed,
        verbose=False,
    )
    mean, spread = found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"]
    return dict(zip(NAMES, (mean, spread), strict=True))
