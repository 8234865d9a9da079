"""A paper's figures: lines from tables, samples, scores over training, maps of codes, points."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from gan_repro.kinds import Spec

FigureKind = Literal["tables", "panels", "curves", "embedding", "scatter"]
MapColour = Literal["classes", "samples", "hits"]


class ShownRun(Spec):
    """A run in a figure, ``family.condition``, and what the figure calls it."""

    title: str
    run: str


class PanelRun(ShownRun):
    """A sheet of a run: of samples as they come, or as one of the paper's ``layouts`` says."""

    layout: str | None = None

    @property
    def entry(self) -> str:
        """The last part of the sheet's catalog entry."""
        return f"layout_{self.layout}" if self.layout else "sheet"

    @property
    def sheet(self) -> str:
        """``family.condition``, with the layout behind it where there is one."""
        return f"{self.run}.{self.layout}" if self.layout else self.run


class CurveRun(ShownRun):
    """A line; ``protocol`` is the run's role, where it is not the figure's."""

    protocol: str | None = None


class CurvesSpec(Spec):
    """Scores over training: one panel a metric and one line a run.

    protocol : a role; what plays it scores every snapshot.
    metrics : metric -> title of its panel, which has a line for each run with such a score.
    losses : whether a panel for each run follows, with all terms of its history.
    """

    protocol: str
    metrics: dict[str, str] = Field(min_length=1)
    losses: bool = False
    runs: list[CurveRun] = Field(min_length=1)

    @property
    def roles(self) -> dict[str, str]:
        """``family.condition`` -> the role whose scores its line shows."""
        return {shown.run: shown.protocol or self.protocol for shown in self.runs}


class EmbeddingSpec(Spec):
    """Maps of the codes of test images: one row of panels a run.

    show : what colours a panel: the ``classes`` of the images; the classes that the data set's
        classifier sees in the ``samples`` made from their codes; ``hits``, where the two agree.
    """

    show: list[MapColour] = Field(min_length=1)
    runs: list[ShownRun] = Field(min_length=1)


class ScatterSpec(Spec):
    """A point a class: one panel a run.

    protocol : a role; what plays it gives ``x_of_C`` and ``y_of_C`` for each class C.
    diagonal : whether a line shows where both are the same.
    line_at : a level line at the largest number on the x axis.
    most_named : of so many classes at most, points have numbers.
    """

    protocol: str
    x: str
    y: str
    diagonal: bool = False
    line_at: Literal["none", "largest_x"] = "none"
    most_named: int = 20
    runs: list[ShownRun] = Field(min_length=1)


class FigureSpec(Spec):
    """A figure, of exactly one of five kinds.

    tables : one panel a table and one line a row; ``x_label`` and ``y_label`` are its axes'.
    panels : rows of panels, from top to bottom: sheets of runs' first training seeds.
    curves : drawn from score rows of all training seeds.
    embedding : drawn from what ``gan_repro.embedding`` made of the first training seed.
    scatter : drawn from score rows of the first training seed.
    """

    title: str
    source: str
    tables: list[str] = Field(default_factory=list)
    x_label: str = ""
    y_label: str = ""
    panels: list[list[PanelRun]] = Field(default_factory=list)
    curves: CurvesSpec | None = None
    embedding: EmbeddingSpec | None = None
    scatter: ScatterSpec | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> "FigureSpec":
        if len(self._kinds()) != 1:
            raise ValueError(
                "needs exactly one of tables, panels, curves, embedding and scatter, got "
                f"{' and '.join(self._kinds()) or 'none'}"
            )
        return self

    @property
    def kind(self) -> FigureKind:
        """Which of the five it is."""
        return self._kinds()[0]

    @property
    def shown(self) -> Sequence[ShownRun]:
        """Its runs, in the figure's order; none for ``tables``, whose runs are their cells'."""
        of = self.curves or self.embedding or self.scatter
        return of.runs if of else self.sheets

    @property
    def sheets(self) -> list[PanelRun]:
        """Its panels, in the figure's order."""
        return [panel for row in self.panels for panel in row]

    def _kinds(self) -> list[FigureKind]:
        given: dict[FigureKind, object] = {
            "tables": self.tables,
            "panels": self.panels,
            "curves": self.curves,
            "embedding": self.embedding,
            "scatter": self.scatter,
        }
        return [kind for kind, content in given.items() if content]
