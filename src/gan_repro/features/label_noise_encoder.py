"""The penultimate layer of a classifier that the suite trained on partly random labels.

Durall et al. (arXiv 2012.08803), Figure 7: the encoder is trained anew at each level of noise. Its
features at 0 are that paper's "fully clustered space" (Figure 6).
"""

from typing import Any

from pydantic import Field

from gan_repro.features._trained import CLASSIFIER, as_they_are, classifier, loader
from gan_repro.kinds import Spec

CLASSIFIES = True
TRAINED_HERE = True
SEES_LABELS = "all"


class Settings(Spec):
    """noise : percent of the labels that were replaced; the run that trained it replaced them.

    It tells the encoders of one data set apart: ``label_noise_encoder_50`` is an instrument of its
    own, whose labels are of kind ``uniform_noise`` with the rate 0.5.
    """

    noise: int = Field(default=0, ge=0, le=100)


def named(rest: str) -> dict[str, Any]:
    """Settings of ``50``; ValueError for what is no whole number."""
    if not rest.isdecimal():
        raise ValueError(
            "behind its kind, the percent of labels that were replaced is expected, 0 to 100, got "
            f"{rest!r}."
        )
    return {"noise": int(rest)}


network_input = as_they_are
load = loader("label_noise_encoder", CLASSIFIER, classifier)
