"""Sheets whose images share inputs along rows or columns, and nearest training images."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro import label_rows, sampling, sheets
from gan_repro.distances import l1_distances
from gan_repro.drawing import codes_of, threads
from gan_repro.images import ImageSet
from gan_repro.layouts import Layout
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
    *references: Reference,
) -> "dict[str, Image]":
    """A sheet for each layout, by its name: samples of a run's last snapshot.

    images : those that the run trained on, of which sheets may show the nearest.
    references : for a generator that is fed with codes: its encoder's view of the test images.

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
            made = sampling.sample(
                spec, snapshots, spec.snapshot_rounds[-1], images.shape, images.classes,
                layout.count, SEED, codes=codes, arrange=partial(layout.arrange, classes=size),
                averaged=layout.averaged,
            )  # fmt: skip
            shown = nearest(made, images) if layout.nearest else made
            found[name] = sheets.grid(shown, layout.columns)
    return found


def nearest(made: ImageSet, real: ImageSet) -> ImageSet:
    """For each of ``made`` the image of ``real`` with the least L1 distance in pixels.

    Of several equally near the first; labels are those of the real images.
    """
    flat = [each.images.reshape(len(each), -1) for each in (made, real)]
    places = l1_distances(*flat).argmin(axis=1)
    return ImageSet(real.images[places], real.labels[places], real.classes)
