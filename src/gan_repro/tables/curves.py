"""Figures over training: one panel a metric and one line a run, then the runs' training terms."""

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gan_repro.printed_figures import FigureSpec
from gan_repro.scales import ScaleSpec
from gan_repro.tables import style
from gan_repro.tables.evidence import Evidence, by_snapshot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

Left = Mapping[str, Sequence[Evidence]]
"""``family.condition`` -> what its runs left, one a training seed, in the seeds' order."""
Course = list[tuple[int, float]]


def course_lines(figure: FigureSpec, scale: ScaleSpec, left: Left) -> str:
    """The figure as SVG: means over training seeds, and where there are several thin lines a seed.

    scale : says which protocols play a run's role; a line is the first that has the metric.

    Training terms are the first seed's. A panel without a line says so.
    """
    with style.of(figure.title):
        return style.svg(_drawn(figure, scale, left))


def course_lines_picture(figure: FigureSpec, scale: ScaleSpec, left: Left) -> "Image":
    """``course_lines`` in pixels, dark on white."""
    with style.of(figure.title):
        return style.picture(_drawn(figure, scale, left))


def mean_course(courses: Sequence[Course]) -> Course:
    """The mean at every round that all courses have.

    >>> mean_course([[(10, 1.0), (20, 2.0)], [(10, 3.0)]])
    [(10, 2.0)]
    """
    by_round = [dict(course) for course in courses]
    common = set.intersection(*map(set, by_round)) if by_round else set()
    return [
        (played, statistics.fmean(values[played] for values in by_round))
        for played in sorted(common)
    ]


def _drawn(figure: FigureSpec, scale: ScaleSpec, left: Left) -> "Figure":
    spec = figure.curves
    assert spec is not None
    losses = spec.runs if spec.losses else []
    sheet, panels = style.panels(len(spec.metrics) + len(losses))
    shades = style.shades(len(spec.runs))
    colours = {shown.run: shade for shown, shade in zip(spec.runs, shades, strict=True)}
    for axes, metric in zip(panels, spec.metrics, strict=False):
        found = {
            run: _by_seed(scale.protocol_names(role), metric, left.get(run, ()))
            for run, role in spec.roles.items()
        }
        _courses(axes, found, colours)
        axes.set_title(spec.metrics[metric])
    for axes, shown in zip(panels[len(spec.metrics) :], losses, strict=True):
        _terms(axes, left.get(shown.run, ()))
        axes.set_title(f"{shown.title}: training terms")
    for axes in panels:
        axes.set_xlabel(figure.x_label or "round")
        axes.set_ylabel(figure.y_label)
    style.legend(sheet, {shown.title: colours[shown.run] for shown in spec.runs})
    return sheet


def _by_seed(protocols: Sequence[str], metric: str, left: Sequence[Evidence]) -> list[Course]:
    """A run's courses, one a training seed, by the first protocol that gave it this metric."""
    for protocol in protocols:
        found = [by_snapshot(seed.scores, protocol, metric) for seed in left]
        if any(found):
            return [course for course in found if course]
    return []


def _courses(
    axes: "Axes", found: Mapping[str, Sequence[Course]], colours: Mapping[str, Any]
) -> None:
    for run, courses in found.items():
        for course in courses if len(courses) > 1 else ():
            axes.plot(*zip(*course, strict=True), color=colours[run], linewidth=0.6, alpha=0.5)
        if mean := mean_course(courses):
            x, y = zip(*mean, strict=True)
            axes.plot(x, y, color=colours[run], linewidth=1.6, marker=".", markersize=5)
    if not any(found.values()):
        style.not_run(axes)


def _terms(axes: "Axes", seeds: Sequence[Evidence]) -> None:
    history = seeds[0].history if seeds else None
    if history is None or not len(history):
        style.not_run(axes)
        return
    kept = style.thinned(history)
    terms = [name for name in kept.columns if name != "round"]
    for term, shade in zip(terms, style.shades(len(terms)), strict=True):
        axes.plot(kept["round"], kept[term], color=shade, linewidth=0.9, label=term)
    axes.legend(fontsize=6, frameon=False)
