"""Codes of an autoencoder of the same images (JGAN section 2 names autoencoders)."""

from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from gan_repro import weak_labels
from gan_repro.errors import ConfigurationError
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Reference, unsupervised


class Settings(Spec):
    """code_size : coordinates of a code, as the extractor gives them.

    squash : ``none`` leaves real numbers, for JGAN with ``label_output: linear``; ``softmax`` makes
        a distribution of them, as JGAN's section 3 does with components.
    """

    extractor: str = "autoencoder"
    code_size: int = Field(default=64, ge=2)
    squash: Literal["none", "softmax"] = "none"

    _unsupervised = field_validator("extractor")(unsupervised)


def size(settings: Settings, classes: int) -> int:
    """The entries of a label."""
    return settings.code_size


def make(settings: Settings, images: ImageSet, seen: Reference) -> LabelSet:
    """Codes, float32 (n, code_size); each coordinate has mean 0 and variance 1 over the images.

    A coordinate that never varies is 0: the manifest has the deviations before.

    Raises
    ------
    ConfigurationError
        When the extractor gives another number of coordinates.
    """
    from scipy.special import softmax
    from sklearn.preprocessing import StandardScaler

    weak_labels.check_view("autoencoder_codes", settings.extractor, images, seen)
    codes = _codes(settings, seen)
    rows = StandardScaler().fit_transform(codes)
    deviations = codes.std(axis=0)
    found: dict[str, Any] = {
        "least_deviation": float(deviations.min()),
        "largest_deviation": float(deviations.max()),
    }
    if settings.squash == "softmax":
        rows = softmax(rows, axis=1)
        found |= weak_labels.sharpness(rows)
    given = rows.astype(np.float32)
    return weak_labels.label_set(
        "autoencoder_codes", settings, images, given, settings.code_size, seen, found
    )


def _codes(settings: Settings, seen: Reference) -> np.ndarray:
    codes = seen.features.pooled
    if codes.shape[1] != settings.code_size:
        raise ConfigurationError(
            f"labels.autoencoder_codes: code_size is {settings.code_size}, but codes of "
            f"{settings.extractor} have {codes.shape[1]} coordinates; expected the same. Set it "
            "here, or in the method that trains the extractor (instruments in conf/scales)."
        )
    return codes.astype(np.float64)
