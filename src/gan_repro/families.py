"""Families of runs: what they share, and families whose last run is made of the others."""

from itertools import product
from typing import Any, Literal

from pydantic import Field, model_validator

from gan_repro.kinds import Spec
from gan_repro.runs import LabelChoice


class EnsembleSpec(Spec):
    """Several models of few classes each in the place of one; see ``labels/class_subset.py``."""

    groups: int = Field(ge=1)
    by: Literal["order", "features", "random"] = "order"
    extractor: str | None = None
    seed: int = Field(default=0, ge=0)


class SelectionSpec(Spec):
    """Of a grid of settings the one with the best score, which is scored anew on other samples.

    grid : setting of the method -> its values; each combination is a run; the last varies first.
    protocol, metric : what selects, as a role; it draws other samples than the family's protocols.
    """

    grid: dict[str, list[Any]] = Field(min_length=1)
    protocol: str
    metric: str
    better: Literal["higher", "lower"] = "higher"

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Every combination, in order."""
        return [
            dict(zip(self.grid, chosen, strict=True)) for chosen in product(*self.grid.values())
        ]


ENSEMBLE, SELECTED = "ensemble", "selected"
"""The conditions that are made of the family's other runs."""


class FamilySpec(Spec):
    """Runs that share everything but labels and seed, or the settings of a grid.

    dataset : the paper's; the scale says what stands in.
    split : which of its images to train on; a data set that stands in has only ``train``.
    method : ``kind`` and what differs from the defaults of that file's ``Settings``; empty for real
        images in the place of a generator's, which are scored as they are.
    evaluate : roles of protocols; the scale says which protocol plays each.
    ensemble : in the place of conditions: ``part00`` ... train on a group of classes each, and the
        condition ``ensemble`` samples from all of them as from one model.
    selection : in the place of conditions: ``setting00`` ... train with one combination of the grid
        each, and the condition ``selected`` is the best of them.
    """

    dataset: str
    split: str = "train"
    method: dict[str, Any]
    rounds: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    snapshots: tuple[float, ...]
    conditions: dict[str, LabelChoice] = Field(min_length=1)
    evaluate: list[str]
    pixels: str = "dequantised"
    ensemble: EnsembleSpec | None = None
    selection: SelectionSpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _made_conditions(cls, content: Any) -> Any:
        made = [
            n for n in ("ensemble", "selection") if isinstance(content, dict) and content.get(n)
        ]
        if not made:
            return content
        if len(made) > 1 or content.get("conditions"):
            raise ValueError("needs exactly one of conditions, ensemble and selection")
        return {**content, "conditions": _conditions(content)}

    def parts(self, condition: str) -> list[str]:
        """The conditions that one is made of; none for one that trains or shows real images."""
        others = [name for name in self.conditions if name not in (ENSEMBLE, SELECTED)]
        made = (self.ensemble and condition == ENSEMBLE) or (
            self.selection and condition == SELECTED
        )
        return others if made else []

    def at(self, condition: str) -> "FamilySpec":
        """The family with what is different under one condition: method and protocols."""
        if not self.ensemble and not self.selection:
            return self
        if self.parts(condition):
            return self.model_copy(update={"method": {}})
        if not self.selection:
            return self.model_copy(update={"evaluate": []})
        changes = self.selection.settings[list(self.conditions).index(condition)]
        changed = {"method": {**self.method, **changes}, "evaluate": [self.selection.protocol]}
        return self.model_copy(update=changed)

    def with_grid(self, grid: dict[str, list[Any]]) -> "FamilySpec":
        """The family with another grid; itself for none, or where nothing is selected."""
        if not grid or not self.selection:
            return self
        content = self.model_dump(exclude={"conditions"})
        return FamilySpec.model_validate(
            content | {"selection": content["selection"] | {"grid": grid}}
        )


def _conditions(content: dict[str, Any]) -> dict[str, Any]:
    """The conditions of an ensemble or a selection, those it is made of first."""
    if content.get("ensemble"):
        spec = EnsembleSpec.model_validate(content["ensemble"])
        wide = max(2, len(str(spec.groups - 1)))
        parts = {
            f"part{group:0{wide}}": {
                "kind": "class_subset",
                "settings": {"group": group, **spec.model_dump()},
            }
            for group in range(spec.groups)
        }
        return {**parts, ENSEMBLE: {"kind": "clean"}}
    settings = SelectionSpec.model_validate(content["selection"]).settings
    runs = {f"setting{place:02}": {"kind": "clean"} for place in range(len(settings))}
    return {**runs, SELECTED: {"kind": "clean"}}
