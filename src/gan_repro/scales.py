"""What a scale makes of the papers' runs: data sets that stand in, lengths, widths, seeds."""

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from gan_repro.checking import parse, read_yaml
from gan_repro.kinds import Spec
from gan_repro.runs import Engine


class ClassifierSpec(Spec):
    """The run that trains a data set's own classifier, shared by all papers."""

    rounds: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    method: dict[str, Any] = Field(default_factory=dict)
    pixels: str = "dequantised"


class ScaleSpec(Spec):
    """What a scale makes of the papers' runs.

    honesty : the line that every report of this scale shows first.
    comparable : whether our numbers may be held against the printed ones.
    datasets : paper -> its data set -> the one that stands in.
    rounds_fraction, batch_size : by paper; methods: by kind, laid over the family's settings.
    protocols : role -> protocol, or several, of which a cell shows the first.
    classifiers : by data set.
    """

    scale: str
    honesty: str
    comparable: bool
    seeds: list[int] = Field(min_length=1)
    datasets: dict[str, dict[str, str]]
    rounds_fraction: dict[str, float]
    batch_size: dict[str, int] = Field(default_factory=dict)
    methods: dict[str, dict[str, Any]] = Field(default_factory=dict)
    protocols: dict[str, str | list[str]]
    engine: Engine
    classifiers: dict[str, ClassifierSpec] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _honesty_names_the_scale(self) -> "ScaleSpec":
        if not self.honesty.lower().startswith(f"{self.scale} scale"):
            raise ValueError(f"honesty: must start with '{self.scale} scale', as reports do")
        return self

    def protocol_names(self, role: str) -> list[str]:
        """The protocols that play a role; empty for an unknown role."""
        names = self.protocols.get(role, [])
        return [names] if isinstance(names, str) else names


def read_scale(path: str | Path) -> ScaleSpec:
    """The scale in ``conf/scales/<scale>.yml``; raises ConfigurationError with all faults."""
    return parse(ScaleSpec, read_yaml(Path(path)), path)
