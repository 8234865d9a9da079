"""Everything a scale is going to do, read from the lock: runs, what they share, and tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gan_repro import checking
from gan_repro.embedding import CLASSIFIER
from gan_repro.errors import ConfigurationError
from gan_repro.locks import SHARED, LockedRun, load_fast, read_runs
from gan_repro.measuring import find_extractor
from gan_repro.papers import PaperSpec, read_paper
from gan_repro.printed import RATERS
from gan_repro.runs import CODES_SPLIT, LabelChoice

REFERENCE_SPLITS = ("train", "test")


class Measuring(NamedTuple):
    """Real images seen by an extractor, once for all runs: a reference."""

    dataset: str
    split: str
    extractor: str

    @property
    def trained_here(self) -> bool:
        """Whether the suite trains the extractor on the data set itself."""
        return bool(find_extractor(self.extractor)[0].TRAINED_HERE)


class Labelling(NamedTuple):
    """Labels of a split of a data set, made once for all runs."""

    dataset: str
    split: str
    labels: LabelChoice

    @property
    def seen(self) -> Measuring | None:
        """The images as the extractor sees them from whose view the labels are made, if any."""
        extractor = self.labels.extractor
        return Measuring(self.dataset, self.split, extractor) if extractor else None

    @property
    def slug(self) -> str:
        """A name for files and catalog entries; training images are not mentioned."""
        return self.labels.slug if self.split == "train" else f"{self.split}_{self.labels.slug}"


def labelling_of(run: LockedRun) -> Labelling:
    """The labels that a run trains on."""
    return Labelling(run.train["dataset"], run.train["split"], LabelChoice(**run.train["labels"]))


@dataclass(frozen=True)
class Campaign:
    """A scale's runs and tables.

    protocols : the protocols' file as it stands.
    papers : the papers that have locked runs; demonstrations, which print nothing, last.
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
    def splits(self) -> tuple[tuple[str, str], ...]:
        """Every (data set, split) that is read: train and test, and what runs ask for besides."""
        asked = [(name, split) for name in self.datasets for split in REFERENCE_SPLITS]
        asked += [(run.train["dataset"], run.train["split"]) for run in self.runs]
        return tuple(dict.fromkeys(asked))

    @cached_property
    def run_papers(self) -> tuple[str, ...]:
        """The papers that own runs, the pseudo-paper ``shared`` among them."""
        return tuple(dict.fromkeys(run.paper for run in self.runs))

    @cached_property
    def labellings(self) -> tuple[Labelling, ...]:
        """Every kind of labels that some run trains on, once."""
        made = [labelling_of(run) for run in self.runs if run.trained]
        return tuple({(one.dataset, one.slug): one for one in made}.values())

    @cached_property
    def measurings(self) -> tuple[Measuring, ...]:
        """Every reference that some protocol of some run or some labels need, once."""
        for_labels = [labelling.seen for labelling in self.labellings if labelling.seen]
        for_scores = [m for run in self.runs for m in self.measurings_of(run)]
        return tuple(dict.fromkeys([*for_scores, *for_labels]))

    def measurings_of(self, run: LockedRun) -> tuple[Measuring, ...]:
        """The references that a run's protocols need, and those that its codes come from."""
        protocols = [self._protocol(name, run) for name in run.evaluate]
        wanted = [(p["reference_split"], p["extractor"]) for p in protocols]
        labels = LabelChoice(**run.train["labels"])
        if run.trained and labels.are_codes:
            wanted.append((CODES_SPLIT, str(labels.extractor)))
        return tuple(dict.fromkeys(Measuring(run.train["dataset"], *one) for one in wanted))

    @cached_property
    def _by_key(self) -> dict[str, LockedRun]:
        return {run.key: run for run in self.runs}

    def parts_of(self, run: LockedRun) -> tuple[LockedRun, ...]:
        """The runs that a run is made of: the models of an ensemble, or what one is selected of."""
        return tuple(self._by_key[key] for key in run.parts.get("runs", ()))

    def upstream(self, run: LockedRun) -> LockedRun | None:
        """The run that trains the encoder that a run's method builds on; None if it has none."""
        extractor = run.train["method"].get("encoder")
        if not extractor:
            return None
        return self.instrument(Measuring(run.train["dataset"], run.train["split"], extractor))

    def instrument(self, measuring: Measuring) -> LockedRun:
        """The run that trains an extractor on a data set.

        Raises
        ------
        ConfigurationError
            When the scale has none for that data set.
        """
        module = find_extractor(measuring.extractor)[0]
        trainer = getattr(module, "INSTRUMENT", measuring.extractor)
        family = f"{trainer}_{measuring.dataset}"
        for run in self.runs:
            if (run.paper, run.family) == (SHARED, family):
                return run
        raise ConfigurationError(
            f"conf/scales/{self.scale}.yml: instruments.{trainer}.datasets: a protocol "
            f"or a kind of labels looks at {measuring.dataset!r} through it, but it is not trained "
            "there. Add the data set, then run `kedro lock`."
        )

    def tables(self) -> Iterator[tuple[PaperSpec, str]]:
        """Every table of every paper."""
        for paper in self.papers:
            for table in paper.tables:
                yield paper, table

    def figures(self) -> Iterator[tuple[PaperSpec, str]]:
        """Every figure of every paper."""
        for paper in self.papers:
            for figure in paper.figures:
                yield paper, figure

    def shown_in(self, paper: PaperSpec, figure: str) -> dict[str, list[LockedRun]]:
        """``family.condition`` -> the runs, one a training seed, of each that a figure shows."""
        found: dict[str, list[LockedRun]] = {run.run: [] for run in paper.figures[figure].shown}
        for run in self.runs:
            name = f"{run.family}.{run.condition}"
            if run.paper == paper.paper and name in found:
                found[name].append(run)
        return {name: runs for name, runs in found.items() if runs}

    @cached_property
    def embedded(self) -> tuple[LockedRun, ...]:
        """The runs whose codes some figure maps: those of the first training seed."""
        shown = [
            self.shown_in(paper, figure)
            for paper, figure in self.figures()
            if paper.figures[figure].embedding
        ]
        first = {run.key: run for runs in shown for run, *_ in runs.values()}
        return tuple(first.values())

    @cached_property
    def laid_out(self) -> Mapping[str, tuple[str, ...]]:
        """Run key -> the layouts in which some figure shows the run, of first training seeds."""
        found: dict[str, list[str]] = {}
        for paper, name in self.figures():
            first = {run: seeds[0].key for run, seeds in self.shown_in(paper, name).items()}
            for panel in paper.figures[name].sheets:
                if panel.layout and panel.run in first:
                    found.setdefault(first[panel.run], []).append(panel.layout)
        return {key: tuple(dict.fromkeys(layouts)) for key, layouts in found.items()}

    def views_of(self, run: LockedRun) -> tuple[Measuring, Measuring]:
        """The test images as the run's encoder and as the data set's classifier see them.

        Raises
        ------
        ConfigurationError
            When no protocol of the run looks through the classifier.
        """
        dataset = run.train["dataset"]
        encoder = str(LabelChoice(**run.train["labels"]).extractor)
        views = [Measuring(dataset, CODES_SPLIT, name) for name in (encoder, CLASSIFIER)]
        if views[1] not in self.measurings_of(run):
            raise ConfigurationError(
                f"{run.key}: a figure's embedding shows what the {CLASSIFIER!r} of {dataset} sees "
                f"in samples, but no protocol of the run looks at the split {CODES_SPLIT!r} "
                f"through it. Give a role of its family one in conf/scales/{self.scale}.yml that "
                "does, or leave the run out of embedding.runs."
            )
        return views[0], views[1]

    def runs_of(self, paper: PaperSpec, table: str) -> tuple[LockedRun, ...]:
        """The runs, of all seeds, whose scores a table's cells need."""
        scored = [cell for cell in paper.cells(table) if cell.protocol != RATERS]
        wanted = {cell.run for cell in scored if cell.run}
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
    names = dict.fromkeys(run.paper for run in runs if run.paper != SHARED)
    papers = [read_paper(conf / "papers" / f"{name}.yml") for name in names]
    return Campaign(
        scale=scale,
        runs=runs,
        protocols=load_fast(conf / "base" / "protocols.yml"),
        papers=tuple(sorted(papers, key=lambda paper: not paper.prints_numbers)),
    )
