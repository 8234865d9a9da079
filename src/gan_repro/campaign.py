"""Everything a scale is going to do, read from the lock: runs, what they share, and tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gan_repro import checking
from gan_repro.errors import ConfigurationError
from gan_repro.locks import SHARED, LockedRun, load_fast, read_runs
from gan_repro.measuring import find_extractor
from gan_repro.papers import PaperSpec, read_paper
from gan_repro.runs import LabelChoice

SPLITS = ("train", "test")


class Measuring(NamedTuple):
    """Real images seen by an extractor, once for all runs: a reference."""

    dataset: str
    split: str
    extractor: str

    @property
    def trained_here(self) -> bool:
        """Whether the extractor is the data set's own classifier."""
        return bool(find_extractor(self.extractor)[0].TRAINED_HERE)


class Labelling(NamedTuple):
    """Labels of a data set's training images, made once for all runs."""

    dataset: str
    labels: LabelChoice


@dataclass(frozen=True)
class Campaign:
    """A scale's runs and tables.

    protocols : the protocols' file as it stands.
    papers : the papers that have locked runs.
    """

    scale: str
    runs: tuple[LockedRun, ...]
    protocols: Mapping[str, Any]
    papers: tuple[PaperSpec, ...]

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The data sets that stand in at this scale."""
        return tuple(dict.fromkeys(run.train["dataset"] for run in self.runs))

    @cached_property
    def run_papers(self) -> tuple[str, ...]:
        """The papers that own runs, the pseudo-paper ``shared`` among them."""
        return tuple(dict.fromkeys(run.paper for run in self.runs))

    @cached_property
    def labellings(self) -> tuple[Labelling, ...]:
        """Every kind of labels that some run trains on, once."""
        found = {}
        for run in self.runs:
            made = Labelling(run.train["dataset"], LabelChoice(**run.train["labels"]))
            found[made.dataset, made.labels.slug] = made
        return tuple(found.values())

    @cached_property
    def measurings(self) -> tuple[Measuring, ...]:
        """Every reference that some protocol of some run needs, once."""
        return tuple(dict.fromkeys(m for run in self.runs for m in self.measurings_of(run)))

    def measurings_of(self, run: LockedRun) -> tuple[Measuring, ...]:
        """The references that a run's protocols need."""
        wanted = [self._protocol(name, run) for name in run.evaluate]
        return tuple(
            dict.fromkeys(
                Measuring(run.train["dataset"], p["reference_split"], p["extractor"])
                for p in wanted
            )
        )

    def classifier(self, dataset: str) -> LockedRun:
        """The run that trains a data set's own classifier.

        Raises
        ------
        ConfigurationError
            When the scale has none for that data set.
        """
        family = f"classifier_{dataset}"
        for run in self.runs:
            if (run.paper, run.family) == (SHARED, family):
                return run
        raise ConfigurationError(
            f"conf/scales/{self.scale}.yml: classifiers: a protocol looks at {dataset!r} through "
            "its own classifier, but none is trained there. Add it, then run `kedro lock`."
        )

    def tables(self) -> Iterator[tuple[PaperSpec, str]]:
        """Every table of every paper."""
        for paper in self.papers:
            for table in paper.tables:
                yield paper, table

    def runs_of(self, paper: PaperSpec, table: str) -> tuple[LockedRun, ...]:
        """The runs, of all seeds, that a table's cells need."""
        wanted = {cell.run for cell in paper.cells(table) if cell.run}
        return tuple(r for r in self.runs if f"{r.paper}.{r.family}.{r.condition}" in wanted)

    def _protocol(self, name: str, run: LockedRun) -> Mapping[str, Any]:
        if name not in self.protocols:
            public = [known for known in self.protocols if not known.startswith("_")]
            raise ConfigurationError(
                f"{run.key}: evaluate: no protocol is called {name!r}. "
                f"{checking.known_names(name, public)}"
            )
        found: Mapping[str, Any] = self.protocols[name]
        return found


def read_campaign(conf: Path, scale: str) -> Campaign:
    """The campaign of a scale; raises ConfigurationError when it has no lock."""
    runs = read_runs(conf, scale)
    papers = dict.fromkeys(run.paper for run in runs if run.paper != SHARED)
    return Campaign(
        scale=scale,
        runs=runs,
        protocols=load_fast(conf / "base" / "protocols.yml"),
        papers=tuple(read_paper(conf / "papers" / f"{paper}.yml") for paper in papers),
    )
