"""Inception Score: exp E KL(p(y|x) || p(y)), over groups of samples in the order they were made.

Salimans et al. 2016, section 4. The spread is the standard deviation over the groups of one set of
samples: it says nothing about other training seeds.
"""

from pydantic import Field

from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

NAMES = ("inception_score", "inception_score_spread")


class Settings(Spec):
    """splits : groups; 10 in the original code (improved-gan inception_score/model.py)."""

    splits: int = Field(default=10, ge=1)


def least_samples(settings: Settings) -> int:
    """One sample a group."""
    return settings.splits


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """The score in [1, classes] of logits (n, classes); ``reference`` is not used."""
    import torch
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = torch.from_numpy(features.class_logits())
    found = isc_features_to_metric(logits, splits=settings.splits, shuffle=False)
    mean, spread = found["inception_score_mean"], found["inception_score_std"]
    return dict(zip(NAMES, (mean, spread), strict=True))
