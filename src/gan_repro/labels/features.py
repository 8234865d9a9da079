"""An extractor's features as they are: the codes f = E(x) that condition a generator.

Durall et al. 2021 (arXiv 2012.08803), section 3.1. A generator that is conditioned on codes cannot
draw them: it is sampled with the codes of held-out images.
"""

import numpy as np
from pydantic import Field

from gan_repro import weak_labels
from gan_repro.errors import ConfigurationError
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Reference, find_extractor

CODES = True


class Settings(Spec):
    """code_size : numbers of a code, as the extractor gives them.

    Extractors that have seen labels are allowed; the manifest says which have.
    """

    extractor: str
    code_size: int = Field(ge=1)


def size(settings: Settings, classes: int) -> int:
    """The entries of a label."""
    return settings.code_size


def make(settings: Settings, images: ImageSet, seen: Reference) -> LabelSet:
    """Codes of all images, float32 (n, code_size).

    Raises
    ------
    ConfigurationError
        When the extractor gives another number of features.
    """
    weak_labels.check_view("features", settings.extractor, images, seen)
    rows = codes(settings, seen)
    spread = rows.std(axis=0, dtype=np.float64)
    found = {
        "sees_labels": find_extractor(settings.extractor)[0].SEES_LABELS,
        "mean_deviation": float(spread.mean()),
        "constant_coordinates": int((spread == 0).sum()),
    }
    return weak_labels.label_set(
        "features", settings, images, rows, settings.code_size, seen, found
    )


def codes(settings: Settings, seen: Reference) -> np.ndarray:
    """The codes of whatever images ``seen`` holds, float32 (n, code_size)."""
    rows = seen.features.pooled
    if rows.shape[1] != settings.code_size:
        raise ConfigurationError(
            f"labels.features: code_size is {settings.code_size}, but {settings.extractor} gives "
            f"{rows.shape[1]} features on {seen.dataset}; expected the same. Set code_size to "
            f"{rows.shape[1]}."
        )
    return rows
