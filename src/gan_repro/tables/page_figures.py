"""A paper's figures on the report's page: lines as SVG text, samples and maps as pictures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from gan_repro.papers import PaperSpec
from gan_repro.printed_figures import FigureSpec
from gan_repro.scales import ScaleSpec
from gan_repro.tables import curves, figures, maps, panels, scatter, style
from gan_repro.tables.evidence import Evidence
from gan_repro.tables.filled import FilledTable

if TYPE_CHECKING:
    from PIL.Image import Image


class PageFigure(NamedTuple):
    """A figure, drawn in one of the two ways."""

    spec: FigureSpec
    svg: str = ""
    picture: "Image | None" = None


def page_figures(
    paper: PaperSpec,
    scale: ScaleSpec,
    tables: Mapping[str, FilledTable],
    evidence: Mapping[str, Evidence],
) -> list[PageFigure]:
    """The figures in the paper's order, but for those whose tables were not filled.

    tables : by name; evidence : run key -> what that run left.
    """
    drawn = []
    for figure in paper.figures.values():
        left = _left(figure, paper, scale, evidence)
        first = {run: seeds[0] for run, seeds in left.items()}
        if figure.kind == "tables":
            if all(name in tables for name in figure.tables):
                drawn.append(PageFigure(figure, svg=figures.table_lines(figure, tables)))
        elif figure.kind == "curves":
            drawn.append(PageFigure(figure, svg=curves.course_lines(figure, scale, left)))
        elif figure.kind == "scatter":
            rows = {run: seed.scores for run, seed in first.items()}
            drawn.append(PageFigure(figure, svg=scatter.class_points(figure, scale, rows)))
        elif figure.kind == "embedding":
            found = {run: seed.embedding for run, seed in first.items()}
            drawn.append(PageFigure(figure, picture=maps.code_maps(figure, found)))
        else:
            sheets = {p.sheet: _bytes(first[p.run].shown(p.layout)) for p in figure.sheets}
            drawn.append(PageFigure(figure, picture=panels.sample_panels(figure, sheets)))
    return drawn


def _left(
    figure: FigureSpec, paper: PaperSpec, scale: ScaleSpec, evidence: Mapping[str, Evidence]
) -> dict[str, list[Evidence]]:
    """``family.condition`` -> what each training seed left, in the scale's order."""
    names = [f"{paper.paper}.{shown.run}" for shown in figure.shown]
    seeds = scale.seeds_of(paper.paper)
    left = [[evidence.get(f"{n}.seed{s}", Evidence()) for s in seeds] for n in names]
    return {shown.run: own for shown, own in zip(figure.shown, left, strict=True)}


def _bytes(sheet: "bytes | Image | None") -> bytes | None:
    return sheet if sheet is None or isinstance(sheet, bytes) else style.png(sheet)
