"""How far samples lie apart that share some of their inputs, beside all samples.

Huang et al. 2017 (arXiv 1612.04357), section 4.2, fix the features that the top generator makes and
show that the bottom one still varies its images, and that without the entropy loss it does not;
they give no number. Ours: the mean squared distance of two samples of one group, in the extractor's
features; a protocol's ``held`` says what a group shares. Half of it is the variance within a group.
"""

import numpy as np
from pydantic import Field

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference
from gan_repro.metrics._distances import between_pairs

NAMES = ("group_diversity", "group_diversity_all", "group_diversity_share")


class Settings(Spec):
    """least : groups of 2 or more samples that must be there."""

    least: int = Field(default=2, ge=1)


def least_samples(settings: Settings) -> int:
    """Two a group, for groups of any size up to a few dozen."""
    return 50 * settings.least


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """The mean over groups, the same of all samples, and the first as a share of the second.

    The share of identical samples is 0.

    Raises
    ------
    EvaluationError
        When the samples share no inputs, or too few groups have two samples.
    """
    found = [] if features.groups is None else _of_groups(features.pooled, features.groups)
    if len(found) < settings.least:
        raise EvaluationError(
            f"group_diversity: {len(found)} groups of samples share inputs, expected "
            f"{settings.least} or more. Give the protocol inputs to hold (held, group_size), and "
            "more samples."
        )
    within, everywhere = float(np.mean(found)), between_pairs(features.pooled)
    share = within / everywhere if everywhere else 0.0
    return dict(zip(NAMES, (within, everywhere, share), strict=True))


def _of_groups(rows: np.ndarray, groups: np.ndarray) -> list[float]:
    own = [rows[groups == group] for group in np.unique(groups)]
    return [between_pairs(some) for some in own if len(some) > 1]
