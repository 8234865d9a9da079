"""Figures with a point a class: one number of the class against another, from score rows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gan_repro.printed_figures import FigureSpec, ScatterSpec
from gan_repro.scales import ScaleSpec
from gan_repro.tables import style
from gan_repro.tables.evidence import OF_CLASS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

Rows = Sequence[Mapping[str, Any]]


def class_points(figure: FigureSpec, scale: ScaleSpec, rows: Mapping[str, Rows]) -> str:
    """The figure as SVG: one panel a run.

    rows : ``family.condition`` -> the score rows of its first training seed.
    """
    with style.of(figure.title):
        return style.svg(_drawn(figure, scale, rows))


def class_points_picture(figure: FigureSpec, scale: ScaleSpec, rows: Mapping[str, Rows]) -> "Image":
    """``class_points`` in pixels, dark on white."""
    with style.of(figure.title):
        return style.picture(_drawn(figure, scale, rows))


def by_class(rows: Rows, protocols: Sequence[str], metric: str) -> dict[int, float]:
    """Class -> its number, of the last snapshot that the first protocol with such rows scored.

    >>> row = {"protocol": "p", "metric": "ms_ssim_of_3", "snapshot": 5, "value": 0.2}
    >>> by_class([row], ["p"], "ms_ssim")
    {3: 0.2}
    """
    head = f"{metric}{OF_CLASS}"
    for protocol in protocols:
        own = [r for r in rows if r["protocol"] == protocol and r["metric"].startswith(head)]
        if own:
            own.sort(key=_place)
            return {int(row["metric"].removeprefix(head)): row["value"] for row in own}
    return {}


def _place(row: Mapping[str, Any]) -> float:
    """Where a row stands among those of a run: by its round; what is of several rounds is last."""
    snapshot = row["snapshot"]
    return float("inf") if isinstance(snapshot, str) else snapshot


def _drawn(figure: FigureSpec, scale: ScaleSpec, rows: Mapping[str, Rows]) -> "Figure":
    spec = figure.scatter
    assert spec is not None
    sheet, panels = style.panels(len(spec.runs))
    protocols = scale.protocol_names(spec.protocol)
    for axes, shown in zip(panels, spec.runs, strict=True):
        _points(axes, spec, protocols, rows.get(shown.run, ()))
        axes.set_title(shown.title)
        axes.set_xlabel(figure.x_label)
        axes.set_ylabel(figure.y_label)
    return sheet


def _points(axes: "Axes", spec: ScatterSpec, protocols: Sequence[str], rows: Rows) -> None:
    across, up = (by_class(rows, protocols, metric) for metric in (spec.x, spec.y))
    both = sorted(across.keys() & up.keys())
    if not both:
        style.not_run(axes)
        return
    x, y = [across[c] for c in both], [up[c] for c in both]
    axes.scatter(x, y, s=14, color=style.shades(1)[0], linewidths=0)
    if len(both) <= spec.most_named:
        for c in both:
            axes.annotate(
                str(c), (across[c], up[c]), fontsize=6, xytext=(3, 2), textcoords="offset points"
            )
    if spec.diagonal:
        low, high = min(x + y), max(x + y)
        axes.plot([low, high], [low, high], color="#888888", linewidth=0.8, linestyle="--")
    if spec.line_at == "largest_x":
        axes.axhline(max(x), color="#c2484d", linewidth=0.8)
