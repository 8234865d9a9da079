"""What a scale makes of the papers' runs: data sets that stand in, lengths, widths, seeds."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from gan_repro.checking import parse, read_yaml
from gan_repro.kinds import Spec
from gan_repro.runs import Engine, LabelChoice


class InstrumentSpec(Spec):
    """The runs that train an extractor on data sets' own images, shared by all papers.

    evaluate : protocols, by name; none for an instrument whose scores nobody asks for.
    datasets : data set -> what is different there (``split``, ``labels``, ``rounds`` ...).
    """

    method: dict[str, Any]
    rounds: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    split: str = "train"
    labels: LabelChoice = LabelChoice()
    pixels: str = "dequantised"
    evaluate: list[str] = Field(default_factory=list)
    datasets: dict[str, dict[str, Any]] = Field(min_length=1)

    def on(self, dataset: str) -> "InstrumentSpec":
        """The instrument with what is different on one data set."""
        different = {**self.datasets[dataset], "datasets": {dataset: {}}}
        return InstrumentSpec(**{**self.model_dump(), **different})


class FamilyChange(Spec):
    """What a scale makes of one family, before what it makes of its paper.

    rounds_fraction : of the family's rounds.
    method, labels : settings, laid over all others.
    grid : in the place of the family's, where it selects the best of a grid.
    """

    rounds_fraction: float | None = Field(default=None, gt=0)
    method: dict[str, Any] = Field(default_factory=dict)
    labels: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, list[Any]] = Field(default_factory=dict)


class ScaleSpec(Spec):
    """What a scale makes of the papers' runs.

    honesty : the line that every report of this scale shows first.
    comparable : whether our numbers may be held against the printed ones.
    paper_seeds : paper -> its training seeds, where they are others than ``seeds``.
    datasets : paper -> its data set -> the one that stands in; null where none does, and the scale
        has no runs on it.
    rounds_fraction, batch_size : by paper.
    methods, labels : by kind, laid over the family's settings; ``paper.kind`` goes before ``kind``.
    families : ``paper.family`` -> what is different there.
    protocols : role -> protocol, or several, of which a cell shows the first.
    instruments : by the extractor that they train, which is a kind under ``features/``.
    """

    scale: str
    honesty: str
    comparable: bool
    seeds: list[int] = Field(min_length=1)
    paper_seeds: dict[str, Annotated[list[int], Field(min_length=1)]] = Field(default_factory=dict)
    datasets: dict[str, dict[str, str | None]]
    rounds_fraction: dict[str, float]
    batch_size: dict[str, int] = Field(default_factory=dict)
    methods: dict[str, dict[str, Any]] = Field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    families: dict[str, FamilyChange] = Field(default_factory=dict)
    protocols: dict[str, str | list[str]]
    engine: Engine
    instruments: dict[str, InstrumentSpec] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _honesty_names_the_scale(self) -> "ScaleSpec":
        if not self.honesty.lower().startswith(f"{self.scale} scale"):
            raise ValueError(f"honesty: must start with '{self.scale} scale', as reports do")
        return self

    def method_settings(self, paper: str, family: str, kind: str) -> dict[str, Any]:
        """What the scale sets of a family's method."""
        of_kind = {**self.methods.get(kind, {}), **self.methods.get(f"{paper}.{kind}", {})}
        return {**of_kind, **self.change(paper, family).method}

    def rounds(self, paper: str, family: str, asked: int) -> int:
        """How many of a family's rounds are played, at least one."""
        own = self.change(paper, family).rounds_fraction
        return max(1, round(asked * (own or self.rounds_fraction.get(paper, 1.0))))

    def stand_in(self, paper: str, dataset: str) -> str | None:
        """What stands in for a paper's data set; itself where the scale says nothing of it."""
        return self.datasets.get(paper, {}).get(dataset, dataset)

    def seeds_of(self, paper: str) -> list[int]:
        """The training seeds of a paper's runs."""
        return self.paper_seeds.get(paper, self.seeds)

    def change(self, paper: str, family: str) -> FamilyChange:
        """What is different in a family."""
        return self.families.get(f"{paper}.{family}", FamilyChange())

    def label_settings(self, paper: str, family: str, kind: str) -> dict[str, Any]:
        """What the scale sets of a family's labels."""
        of_kind = {**self.labels.get(kind, {}), **self.labels.get(f"{paper}.{kind}", {})}
        return {**of_kind, **self.change(paper, family).labels}

    def protocol_names(self, role: str) -> list[str]:
        """The protocols that play a role; empty for an unknown role."""
        names = self.protocols.get(role, [])
        return [names] if isinstance(names, str) else names


def read_scale(path: str | Path) -> ScaleSpec:
    """The scale in ``conf/scales/<scale>.yml``; raises ConfigurationError with all faults."""
    return parse(ScaleSpec, read_yaml(Path(path)), path)
