"""Frechet distance between Gaussians fitted to features; with ``inception2015``, FID itself.

|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)): Heusel et al. 2017, equation 6.
"""

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import MOST_FEATURES, Features, Moments, Reference, moments

NAMES = ("fid",)


class Settings(Spec):
    """Nothing can be chosen."""


def least_samples(settings: Settings) -> int:
    """Two samples have a covariance; with fewer than the features it is singular, FID biased."""
    return 2


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """The distance, at least 0 up to rounding, of pooled features (n, d) to the reference.

    Raises
    ------
    EvaluationError
        When there are too many features for a covariance.
    """
    ours, theirs = moments(features.pooled), reference.moments
    if ours is None or theirs is None:
        raise EvaluationError(
            f"fid: {reference.extractor} gives {features.pooled.shape[1]:,} features an image, and "
            f"covariances are kept of at most {MOST_FEATURES:,}. Give the protocol an extractor "
            "with fewer, for example one that pools them."
        )
    return {"fid": frechet_distance(ours, theirs)}


def frechet_distance(one: Moments, other: Moments) -> float:
    """The distance between two pairs of moments."""
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    statistics = [{"mu": m.mean, "sigma": m.covariance} for m in (one, other)]
    found = fid_statistics_to_metric(*statistics, verbose=False)
    return found["frechet_inception_distance"]
