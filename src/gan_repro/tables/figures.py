"""Figures from tables and histories, as SVG text whose colours follow the page it stands in."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gan_repro.printed_figures import FigureSpec
from gan_repro.tables import style
from gan_repro.tables.filled import FilledCell, FilledTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

_COLOURS = ("#7a7a7a", "#d98a1f", "#3a8f5c", "#8a63c2", "#2f6fd0", "#c2484d", "#2b9fb0", "#a4743a")
_MARKERS = "osD^vPX*"
_SHORT = 24
"""Letters of a title of which two stand side by side below a single panel."""


def table_lines(figure: FigureSpec, tables: Mapping[str, FilledTable]) -> str:
    """The figure that the paper draws from tables: printed above, ours below, one line a row.

    Where no table prints any number, ours alone. A panel of ours without any number says so; bars
    are ± sd over training seeds.
    """
    with style.of(figure.title):
        return style.svg(_lines(figure, tables))


def table_lines_picture(figure: FigureSpec, tables: Mapping[str, FilledTable]) -> "Image":
    """``table_lines`` in pixels, dark on white."""
    with style.of(figure.title):
        return style.picture(_lines(figure, tables))


def _lines(figure: FigureSpec, tables: Mapping[str, FilledTable]) -> "Figure":
    from matplotlib.figure import Figure

    wide = len(figure.tables)
    printed = any(cell.printed for name in figure.tables for cell in tables[name].cells)
    halves = (False, True) if printed else (True,)
    sheet = Figure(figsize=(4.6 * wide, 3.0 * len(halves)), layout="constrained")
    panels = sheet.subplots(len(halves), wide, squeeze=False)
    for place, name in enumerate(figure.tables):
        for half, ours in enumerate(halves):
            axes = panels[half][place]
            _panel(axes, tables[name], ours)
            axes.set_xlabel(figure.x_label)
            axes.set_ylabel(figure.y_label)
            axes.set_xticks([c.at for c in tables[name].columns if c.at is not None])
    handles, labels = panels[0][0].get_legend_handles_labels()
    columns = min(3, 2 * wide)
    if wide == 1 and max(map(len, labels)) > _SHORT:
        columns = 1
        sheet.set_figheight(sheet.get_figheight() + 0.2 * len(labels))
    sheet.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    return sheet


def training_curves(title: str, histories: "Mapping[str, pd.DataFrame]") -> str:
    """One panel for each column of the histories, one line a run, coloured by condition.

    histories : ``condition.seed`` -> a frame with ``round`` and one column a term.
    """
    terms = list(dict.fromkeys(name for frame in histories.values() for name in frame.columns))
    terms = [name for name in terms if name != "round"]
    conditions = list(dict.fromkeys(run.rsplit(".", 1)[0] for run in histories))
    colours = dict(zip(conditions, style.shades(len(conditions)), strict=True))
    with style.of(title):
        sheet, panels = style.panels(len(terms))
        for axes, term in zip(panels, terms, strict=True):
            _curves(axes, term, histories, colours)
        style.legend(sheet, colours)
        return style.svg(sheet)


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
        style.not_run(axes)


def _same_everywhere(cells: Sequence[FilledCell]) -> bool:
    """Whether the paper repeats one number in every column, as for a run without labels."""
    printed = {cell.printed for cell in cells}
    return len(printed) == 1 and None not in printed


def _curves(
    axes: "Axes", term: str, histories: "Mapping[str, pd.DataFrame]", colours: Mapping[str, Any]
) -> None:
    for run, frame in histories.items():
        if term in frame.columns:
            kept = style.thinned(frame)
            colour = colours[run.rsplit(".", 1)[0]]
            axes.plot(kept["round"], kept[term], color=colour, linewidth=0.9, alpha=0.9)
    axes.set_title(term)
    axes.set_xlabel("round")
