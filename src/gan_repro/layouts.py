"""Samples that share some of their inputs: in groups for a score, in rows and columns for a sheet.

An input is what a method's ``Sampler.draw`` names: ``labels``, ``latents``, ``noise_fc3`` ...;
``codes`` where a generator is fed with those of real images.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec

if TYPE_CHECKING:
    from torch import Tensor

Inputs = dict[str, "Tensor"]
Arrange = Callable[[Inputs], Inputs]
"""Inputs of n samples, first axis n, to others of n samples."""
LABELS = "labels"
CODES = "codes"
"""In a sampler's inputs: places among the real images whose codes are fed."""


class Groups(NamedTuple):
    """Consecutive samples that share inputs.

    held : names of the inputs that samples of a group share.
    size : samples of a group; the last group may be smaller.
    """

    held: tuple[str, ...] = ()
    size: int = 1

    def of(self, count: int) -> np.ndarray | None:
        """Which group each of ``count`` samples belongs to, int64; None where nothing is held."""
        return np.arange(count) // self.size if self.held else None

    def arrange(self, inputs: Inputs) -> Inputs:
        """Each group's first draw of a held input in the place of the others.

        The first samples are the same however many follow.

        Raises
        ------
        EvaluationError
            When the method draws no input of that name.
        """
        _refuse_unknown(self.held, inputs)
        return {
            name: _held(rows, self.size) if name in self.held else rows
            for name, rows in inputs.items()
        }


class Layout(Spec):
    """What the images of a sheet share. Inputs that are not named are drawn for each image.

    along_rows : inputs that are the same in all images of a row.
    along_columns : inputs that are the same in all images of a column.
    interpolated : inputs that move on a straight line, from left to right, between two draws of
        each row.
    nearest : whether the sheet shows, in the place of each sample, the training image that is
        nearest to it by the sum of absolute differences of pixels (L1).
    sources : whether the first column shows, in the place of samples, the real images whose codes
        the rows are made from; ``along_rows`` names ``codes`` then.
    real : in the place of samples, training images by the label that the run's own labeller gives
        them: ``by_label``, those kept, ``repeats`` rows a label; ``by_reliability``, of one label,
        at even steps from the most reliable to the least. See ``gan_repro.label_rows``.
    rank : for ``by_reliability``, which label: 0 is the one that most images have.
    averaged : whether the moving average of the generator's weights makes the samples.
    snapshot : share of the run after which the generator was as samples show it; None: 1.

    Class labels that are the same along a row or a column count through the classes; ``repeats``
    rows or columns in a row have the same.
    """

    rows: int = Field(default=10, ge=1)
    columns: int = Field(default=10, ge=1)
    along_rows: tuple[str, ...] = ()
    along_columns: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()
    repeats: int = Field(default=1, ge=1)
    nearest: bool = False
    sources: bool = False
    real: Literal["by_label", "by_reliability"] | None = None
    rank: int = Field(default=0, ge=0)
    averaged: bool = False
    snapshot: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _each_input_once(self) -> "Layout":
        names = [*self.along_rows, *self.along_columns, *self.interpolated]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"{twice[0]!r} is named twice; an input is the same along rows, or along columns, "
                "or interpolated"
            )
        return self

    @model_validator(mode="after")
    def _a_row_has_a_source(self) -> "Layout":
        if self.sources and CODES not in self.along_rows:
            raise ValueError(f"sources: along_rows must name {CODES!r}, got {self.along_rows}")
        return self

    @property
    def count(self) -> int:
        """How many images a sheet has."""
        return self.rows * self.columns

    def within(self, most: int) -> "Layout":
        """The layout with at most ``most`` images: without its last columns.

        Where columns are classes, without its last rows.
        """
        if LABELS in self.along_columns:
            return self.model_copy(update={"rows": max(1, min(self.rows, most // self.columns))})
        return self.model_copy(update={"columns": max(1, min(self.columns, most // self.rows))})

    def arrange(self, inputs: Inputs, classes: int) -> Inputs:
        """Inputs of ``count`` images, row by row.

        classes : the label's size.

        Raises
        ------
        EvaluationError
            When the method draws no input of a name, or one that is interpolated has nothing
            between its values.
        """
        _refuse_unknown((*self.along_rows, *self.along_columns, *self.interpolated), inputs)
        return {
            name: self._placed(name, rows.unflatten(0, (self.rows, self.columns)), classes)
            for name, rows in inputs.items()
        }

    def _placed(self, name: str, grid: "Tensor", classes: int) -> "Tensor":
        if name in self.along_rows:
            grid = _counted(name, grid[:, :1], classes, self.repeats).expand_as(grid)
        elif name in self.along_columns:
            grid = _counted(name, grid[:1], classes, self.repeats).expand_as(grid)
        elif name in self.interpolated:
            grid = _between(name, grid)
        return grid.flatten(0, 1)


def _counted(name: str, drawn: "Tensor", classes: int, repeats: int) -> "Tensor":
    """Class labels in order, in the place of those drawn; other inputs as they are."""
    import torch

    if name != LABELS or drawn.dim() != 2 or drawn.is_floating_point():
        return drawn
    places = torch.arange(drawn.numel()) // repeats
    return (places % classes).to(drawn.dtype).view_as(drawn)


def _between(name: str, grid: "Tensor") -> "Tensor":
    """The straight line from the first to the last draw of each row, both included."""
    import torch

    if not grid.is_floating_point():
        raise EvaluationError(
            f"a layout interpolates {name!r}, whose values are whole numbers with nothing between "
            "them. Name inputs that are drawn from a continuum, such as latents."
        )
    steps = torch.linspace(0, 1, grid.shape[1]).view(-1, *[1] * (grid.dim() - 2))
    return torch.lerp(grid[:, :1], grid[:, -1:], steps)


def _held(rows: "Tensor", size: int) -> "Tensor":
    return rows[::size].repeat_interleave(size, dim=0)[: len(rows)]


def _refuse_unknown(names: Iterable[str], inputs: Mapping[str, "Tensor"]) -> None:
    for name in names:
        if name not in inputs:
            raise EvaluationError(
                f"samples were to share the input {name!r}, but the method draws "
                f"{', '.join(map(repr, inputs))}. Name one of these in the protocol or the layout."
            )
