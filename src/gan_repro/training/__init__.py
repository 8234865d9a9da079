"""The engine: plays any game, and resumes it to the bit.

``train`` writes snapshots and history and never evaluates; scores come from the snapshots.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_repro.images import ImageSet, LabelSet

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor


def train(
    run: dict[str, Any],
    images: ImageSet,
    labels: LabelSet,
    fresh: bool = False,
    restart_on_change: bool = False,
    upstream: "Mapping[str, Tensor] | None" = None,
) -> "tuple[dict[str, Tensor], pd.DataFrame, dict[str, Any]]":
    """Train a run, or go on where it stopped; kill it at any moment and call again.

    run : a RunSpec as plain data.
    images : the training images; labels : the labels to train on, one an image.
    fresh : move any state of this run aside first.
    restart_on_change : start anew, and refuse nothing, where settings, inputs or code changed since
        the run began; a state that still fits is resumed, or reused where it is finished.
    upstream : snapshots of the run that trained what the method builds on, its ``encoder``.

    Returns
    -------
    snapshots (see ``gan_repro.snapshots``), history (one row a window), provenance.

    Raises
    ------
    ResumeRefusedError, NonFiniteLossError, ConfigurationError, TrainingError
    """
    from gan_repro.runs import RunSpec
    from gan_repro.training.loop import play

    spec = RunSpec(**run)
    return play(spec, images, labels.labels, fresh, restart_on_change, upstream)
