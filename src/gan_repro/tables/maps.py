"""Figures of codes in the plane: one row of panels a run, coloured by what each point is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.printed_figures import FigureSpec, MapColour
from gan_repro.tables import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

_TITLES: dict[MapColour, str] = {
    "classes": "class of the image",
    "samples": "class seen in the sample",
    "hits": "the two agree",
}
_HITS = {"agree": "#2f9e55", "differ": "#c2484d"}
_MOST_NAMED = 20  # classes in a legend
_MOST_COLOURS = 128


def code_maps(figure: FigureSpec, embeddings: Mapping[str, Mapping[str, Any] | None]) -> "Image":
    """The picture, no larger than git should hold; a run without a map is a row that says so.

    embeddings : ``family.condition`` -> an ``embedding.Embedding`` as JSON, or None.
    """
    with style.of(figure.title):
        return style.picture(_drawn(figure, embeddings), _MOST_COLOURS)


def _drawn(figure: FigureSpec, embeddings: Mapping[str, Mapping[str, Any] | None]) -> "Figure":
    from matplotlib.figure import Figure

    spec = figure.embedding
    assert spec is not None
    wide, high = len(spec.show), len(spec.runs)
    sheet = Figure(figsize=(3.0 * wide, 2.9 * high + 0.5), layout="constrained")
    panels = sheet.subplots(high, wide, squeeze=False)
    for row, shown in zip(panels, spec.runs, strict=True):
        for axes, what in zip(row, spec.show, strict=True):
            _panel(axes, embeddings.get(shown.run), what)
        row[0].set_ylabel(shown.title)
    style.legend(sheet, _legend(spec.show, [found for found in embeddings.values() if found]), ".")
    return sheet


def _panel(axes: "Axes", found: Mapping[str, Any] | None, what: MapColour) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(_TITLES[what])
    if found is None:
        style.not_run(axes)
        return
    hits = np.equal(found["classes"], found["answers"])
    if what == "hits":
        axes.set_title(f"{_TITLES[what]}: {hits.mean():.1%}")
        colours = np.where(hits, _HITS["agree"], _HITS["differ"])
    else:
        named = found["classes" if what == "classes" else "answers"]
        colours = np.array(_class_colours(found["size"]))[named]
    order = np.argsort(~hits, kind="stable")  # what differs is rarer, and lies on top
    x, y = np.array(found["x"])[order], np.array(found["y"])[order]
    axes.scatter(x, y, c=colours[order], s=5, linewidths=0)
    axes.set_aspect("equal", adjustable="datalim")


def _class_colours(count: int) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    listed = {10: "tab10", 20: "tab20"}
    few = next((name for most, name in listed.items() if count <= most), None)
    colours = colormaps[few](np.arange(count)) if few else style.shades(count)
    return [to_hex(colour) for colour in colours]


def _legend(show: list[MapColour], found: list[Mapping[str, Any]]) -> dict[str, str]:
    """Names and colours of classes, unless there are too many, and of hits."""
    size = max((one["size"] for one in found), default=0)
    classes = set(show) - {"hits"} and size <= _MOST_NAMED
    named = dict(enumerate(_class_colours(size))) if classes else {}
    return {
        **{str(name): colour for name, colour in named.items()},
        **(_HITS if "hits" in show else {}),
    }
