"""How figures look, and how they become SVG text or pixels."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

LARGEST = 190_000
"""Bytes of a figure's PNG file, which lies in git."""
_INK = "#010203"  # stands for the page's own text colour, and is replaced by it in the SVG
_SHADES = ("#3b7dd8", "#2a9d8f", "#6aa84f", "#d9a441", "#e07b39", "#c9485b")
_DPI = 110
_MOST_POINTS = 80  # of a training curve; more can't be told apart at the width of a panel


@contextmanager
def of(salt: str) -> Iterator[None]:
    """Text stays text and ids depend on ``salt`` only, so the same data gives the same bytes."""
    import matplotlib as mpl

    ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    settings: Any = {
        **dict.fromkeys(ink, _INK),
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.size": 9.0,
        "axes.titlesize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.18,
        "grid.color": _INK,
        "grid.linewidth": 0.6,
    }
    with mpl.rc_context(settings):
        yield


def shades(count: int) -> Sequence[Any]:
    """Colours in order, blue to red, that stand out from white and from black alike."""
    from matplotlib.colors import LinearSegmentedColormap

    found = LinearSegmentedColormap.from_list("conditions", _SHADES)
    return [found(place / max(1, count - 1)) for place in range(count)]


def panels(count: int) -> "tuple[Figure, list[Axes]]":
    """A figure with so many panels, at most three side by side."""
    from matplotlib.figure import Figure

    wide, high = min(count, 3), -(-count // 3)
    sheet = Figure(figsize=(3.3 * wide, 2.3 * high + 0.6), layout="constrained")
    found = list(sheet.subplots(high, wide, squeeze=False).flat)
    for axes in found[count:]:
        axes.remove()
    return sheet, found[:count]


def legend(sheet: "Figure", colours: Mapping[str, Any], marker: str | None = None) -> None:
    """Names under all panels, each beside a line or a marker of its colour."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, label=name, marker=marker, linestyle="" if marker else "-")
        for name, colour in colours.items()
    ]
    sheet.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False)


def not_run(axes: "Axes") -> None:
    """What an empty panel says."""
    axes.text(0.5, 0.5, "not run", ha="center", va="center", transform=axes.transAxes)


def thinned(history: "pd.DataFrame") -> "pd.DataFrame":
    """As many of its rows as can be told apart, evenly spaced."""
    return history.iloc[:: max(1, len(history) // _MOST_POINTS)]


def svg(sheet: "Figure") -> str:
    """The figure as an ``<svg>`` element that takes its ink from CSS ``color``."""
    out = io.StringIO()
    sheet.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # A hundredth of a point is finer than any screen, and halves the file.
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    # Several figures share a page: group ids would repeat, and nothing refers to them.
    return re.sub(r'<g id="[^"]*"', "<g", text)


def picture(sheet: "Figure", colours: int | None = None) -> "Image":
    """The figure in pixels, dark on white, no larger than git should hold.

    colours : at most so many; without edges in every shade, points take a third of the bytes.
    """
    dpi = _DPI
    while len(png(drawn := _pixels(sheet, dpi, colours))) > LARGEST:
        dpi = int(0.85 * dpi)
    return drawn


def png(image: "Image") -> bytes:
    """A picture as the bytes of a PNG file."""
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _pixels(sheet: "Figure", dpi: int, colours: int | None) -> "Image":
    from PIL import Image

    out = io.BytesIO()
    sheet.savefig(out, format="png", dpi=dpi, facecolor="white")
    drawn = Image.open(out).convert("RGB")
    return drawn.quantize(colours) if colours else drawn
