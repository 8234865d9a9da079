"""Real images in rows by the label that a run's own labeller gives them, and by its reliability.

Watanabe and Favaro (arXiv 2106.09914), Figures 2 (a) and 3. An image's label is its most probable
class, its reliability the probability of that class (equations 2 and 3).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from gan_repro import artificial
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageSet
from gan_repro.layouts import Layout
from gan_repro.runs import RunSpec

if TYPE_CHECKING:
    from torch import Tensor


def of_run(
    run: RunSpec,
    layouts: Mapping[str, Layout],
    snapshots: "Mapping[str, Tensor]",
    images: ImageSet,
) -> dict[str, list[np.ndarray]]:
    """``chosen`` for each layout that asks for ``real`` images, by its name.

    The labeller is that of the run's last snapshot, and looks at the images once; the threshold is
    the run's own.

    Raises
    ------
    EvaluationError
        When the run's method labels no images, or a layout's ``rank`` is that of no label.
    """
    asked = {name: layout for name, layout in layouts.items() if layout.real}
    if not asked:
        return {}
    last, threshold = run.snapshot_rounds[-1], float(run.method.get("threshold", 0.0))
    said = artificial.probabilities(run, snapshots, last, images.images, images.classes)
    return {name: chosen(layout, said, threshold) for name, layout in asked.items()}


def chosen(layout: Layout, probabilities: np.ndarray, threshold: float) -> list[np.ndarray]:
    """Which images stand in each row of a layout that asks for ``real`` ones; rows may be short.

    probabilities : float (n, classes), the labeller's.
    threshold : ``by_label`` shows images whose reliability is at least this.

    return : for each row places of images, int64, at most ``columns``.

    Raises
    ------
    EvaluationError
        When the layout's ``rank`` is that of no label.
    """
    if layout.real == "by_label":
        return _by_label(layout, probabilities, threshold)
    return _by_reliability(layout, probabilities)


def _by_label(layout: Layout, probabilities: np.ndarray, threshold: float) -> list[np.ndarray]:
    """The first images of each label, in the data's order."""
    labels, kept = probabilities.argmax(axis=1), probabilities.max(axis=1) >= threshold
    rows = []
    for row in range(layout.rows):
        label, start = row // layout.repeats, row % layout.repeats * layout.columns
        own = np.flatnonzero((labels == label) & kept)
        rows.append(own[start : start + layout.columns])
    return rows


def _by_reliability(layout: Layout, probabilities: np.ndarray) -> list[np.ndarray]:
    """Ranks at even steps, both ends among them; of equally reliable ones the first in the data."""
    labels = probabilities.argmax(axis=1)
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    if layout.rank >= len(counts):
        raise EvaluationError(
            f"a layout asks for the label of rank {layout.rank}, but the run's labeller knows "
            f"{len(counts)}. Lower the rank to {len(counts) - 1} or less."
        )
    own = np.flatnonzero(labels == np.argsort(-counts, kind="stable")[layout.rank])
    in_order = own[np.argsort(-probabilities[own].max(axis=1), kind="stable")]
    count = min(layout.count, len(in_order))
    shown = in_order[np.linspace(0, max(len(in_order) - 1, 0), count).round().astype(np.int64)]
    return [shown[i : i + layout.columns] for i in range(0, layout.count, layout.columns)]
