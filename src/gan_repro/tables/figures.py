"""Figures from tables and histories, as SVG text whose colours follow the page it stands in."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gan_repro.printed import FigureSpec
from gan_repro.tables.filled import FilledCell, FilledTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

_INK = "#010203"  # stands for the page's own text colour, and is replaced by it in the SVG
_COLOURS = ("#7a7a7a", "#d98a1f", "#3a8f5c", "#8a63c2", "#2f6fd0", "#c2484d")
_SHADES = ("#3b7dd8", "#2a9d8f", "#6aa84f", "#d9a441", "#e07b39", "#c9485b")
_MARKERS = "osD^vP"
_MOST_POINTS = 80  # of a training curve; more can't be told apart at the width of a panel


def table_lines(figure: FigureSpec, tables: Mapping[str, FilledTable]) -> str:
    """The figure that the paper draws from tables: printed above, ours below, one line a row.

    A panel of ours without any number says so; bars are ± sd over training seeds.
    """
    with _style(figure.title):
        return _svg(_lines(figure, tables))


def table_lines_picture(figure: FigureSpec, tables: Mapping[str, FilledTable]) -> "Image":
    """``table_lines`` in pixels, dark on white."""
    from PIL import Image

    out = io.BytesIO()
    with _style(figure.title):
        _lines(figure, tables).savefig(out, format="png", dpi=110, facecolor="white")
    return Image.open(out).convert("RGB")


def _lines(figure: FigureSpec, tables: Mapping[str, FilledTable]) -> "Figure":
    from matplotlib.figure import Figure

    wide = len(figure.tables)
    sheet = Figure(figsize=(4.6 * wide, 6.0), layout="constrained")
    panels = sheet.subplots(2, wide, squeeze=False)
    for place, name in enumerate(figure.tables):
        for ours in (False, True):
            axes = panels[int(ours)][place]
            _panel(axes, tables[name], ours)
            axes.set_xlabel(figure.x_label)
            axes.set_ylabel(figure.y_label)
            axes.set_xticks([c.at for c in tables[name].columns if c.at is not None])
    handles, labels = panels[0][0].get_legend_handles_labels()
    sheet.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return sheet


def training_curves(title: str, histories: "Mapping[str, pd.DataFrame]") -> str:
    """One panel for each column of the histories, one line a run, coloured by condition.

    histories : ``condition.seed`` -> a frame with ``round`` and one column a term.
    """
    from matplotlib.figure import Figure

    terms = list(dict.fromkeys(name for frame in histories.values() for name in frame.columns))
    terms = [name for name in terms if name != "round"]
    conditions = list(dict.fromkeys(run.rsplit(".", 1)[0] for run in histories))
    colours = dict(zip(conditions, _shades(len(conditions)), strict=True))
    with _style(title):
        wide = min(len(terms), 3)
        high = -(-len(terms) // 3)
        sheet = Figure(figsize=(3.3 * wide, 2.3 * high + 0.6), layout="constrained")
        panels = list(sheet.subplots(high, wide, squeeze=False).flat)
        for axes, term in zip(panels, terms, strict=False):
            _curves(axes, term, histories, colours)
        for axes in panels[len(terms) :]:
            axes.remove()
        _legend_of(sheet, colours)
        return _svg(sheet)


def _panel(axes: "Axes", table: FilledTable, ours: bool) -> None:
    for place, row in enumerate(table.rows):
        cells = [table.cell(row.name, column.name) for column in table.columns]
        values = [cell.mean if ours else cell.printed_value for cell in cells]
        points = [
            (column.at, value, (cell.sd or 0.0) if ours else 0.0)
            for column, value, cell in zip(table.columns, values, cells, strict=True)
            if value is not None and column.at is not None
        ]
        x, y, bars = zip(*points, strict=True) if points else ((), (), ())
        axes.errorbar(
            x,
            y,
            yerr=bars if any(bars) else None,
            label=row.title,
            color=_COLOURS[place % len(_COLOURS)],
            marker=_MARKERS[place % len(_MARKERS)],
            linestyle="--" if _same_everywhere(cells) else "-",
            linewidth=2.2 if row.role == "ours" else 1.3,
            markersize=4,
            capsize=2,
        )
    whose = f"ours, {table.scale} scale" if ours else "as printed"
    axes.set_title(f"{table.source}, {whose}")
    if ours and not any(cell.sources for cell in table.cells):
        axes.text(0.5, 0.5, "not run", ha="center", va="center", transform=axes.transAxes)


def _same_everywhere(cells: Sequence[FilledCell]) -> bool:
    """Whether the paper repeats one number in every column, as for a run without labels."""
    return len({cell.printed for cell in cells}) == 1


def _curves(
    axes: "Axes", term: str, histories: "Mapping[str, pd.DataFrame]", colours: Mapping[str, Any]
) -> None:
    for run, frame in histories.items():
        if term in frame.columns:
            kept = frame.iloc[:: max(1, len(frame) // _MOST_POINTS)]
            colour = colours[run.rsplit(".", 1)[0]]
            axes.plot(kept["round"], kept[term], color=colour, linewidth=0.9, alpha=0.9)
    axes.set_title(term)
    axes.set_xlabel("round")


def _shades(count: int) -> Sequence[Any]:
    """Colours in order, blue to red, that stand out from white and from black alike."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("conditions", _SHADES)
    return [shades(place / max(1, count - 1)) for place in range(count)]


def _legend_of(sheet: "Figure", colours: Mapping[str, Any]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    sheet.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False)


@contextmanager
def _style(salt: str) -> Iterator[None]:
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


def _svg(sheet: "Figure") -> str:
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
