"""Sheets whose images share inputs along rows or columns, and nearest training images."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro import label_rows, sampling, sheets
from gan_repro.distances import l1_distances
from gan_repro.drawing import codes_of, threads
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageSet
from gan_repro.layouts import CODES, Layout
from gan_repro.measuring import Reference
from gan_repro.runs import RunSpec

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

SEED = 0
"""Of latents and labels: those that scores with sampling seed 0 begin with."""


def draw(
    run: dict[str, Any],
    layouts: Mapping[str, Layout],
    snapshots: "Mapping[str, Tensor]",
    images: ImageSet,
    coded: ImageSet | None = None,
    *references: Reference,
) -> "dict[str, Image]":
    """A sheet for each layout, by its name: samples of a run's snapshots.

    images : those that the run trained on, of which sheets may show the nearest.
    coded : for a generator that is fed with codes: the test images; references: its encoder's view
        of them.

    Layouts that differ in ``nearest`` alone have the same samples. A layout with more images than a
    sheet holds loses its last columns, or rows.

    Raises
    ------
    EvaluationError
        When the method draws no input that a layout names, makes no images, or labels none.
    """
    spec = RunSpec.model_validate(run)
    codes, size = codes_of(spec, references), spec.labels.size(images.classes)
    most = sheets.most(int(np.prod(images.shape)))
    fitting = {name: asked.within(most) for name, asked in layouts.items()}
    found = {}
    with threads(spec.engine.threads):
        rows = label_rows.of_run(spec, fitting, snapshots, images)
        for name, layout in fitting.items():
            if name in rows:
                found[name] = sheets.grid_of(rows[name], layout.columns, images)
                continue
            fed, played = _Fed(layout, size), spec.round_at(layout.snapshot or 1.0)
            made = sampling.sample(
                spec, snapshots, played, images.shape, images.classes, layout.count, SEED,
                codes=codes, arrange=fed.arrange, averaged=layout.averaged,
            )  # fmt: skip
            if layout.nearest:
                made = nearest(made, images)
            if layout.sources:
                made = _beside_sources(spec, made, coded, fed.inputs[CODES].numpy(), layout.columns)
            found[name] = sheets.grid(made, layout.columns)
    return found


class _Fed:
    """Inputs as a layout arranges them, kept to be looked at."""

    def __init__(self, layout: Layout, classes: int) -> None:
        self.layout, self.classes = layout, classes
        self.inputs: dict[str, Tensor] = {}

    def arrange(self, inputs: "dict[str, Tensor]") -> "dict[str, Tensor]":
        self.inputs = self.layout.arrange(inputs, self.classes)
        return self.inputs


def _beside_sources(
    run: RunSpec, made: ImageSet, coded: ImageSet | None, places: np.ndarray, columns: int
) -> ImageSet:
    """The samples, each row's first replaced by the image at ``places`` of ``coded``."""
    if coded is None:
        raise EvaluationError(
            f"{run.key}: a layout with sources shows the images whose codes are fed, and none were "
            "given; expected the test images of a run with codes. Leave sources out."
        )
    shown = made.images.copy()
    shown[::columns] = coded.images[places[::columns]]
    return ImageSet(shown, made.labels, made.classes)


def nearest(made: ImageSet, real: ImageSet) -> ImageSet:
    """For each of ``made`` the image of ``real`` with the least L1 distance in pixels.

    Of several equally near the first; labels are those of the real images.
    """
    flat = [each.images.reshape(len(each), -1) for each in (made, real)]
    places = l1_distances(*flat).argmin(axis=1)
    return ImageSet(real.images[places], real.labels[places], real.classes)
