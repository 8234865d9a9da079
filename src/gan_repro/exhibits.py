"""What a visual Turing test shows, from the catalog: real images, and samples of trained runs."""

import difflib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from gan_repro.campaign import Measuring
from gan_repro.entries import Entries, data_root
from gan_repro.errors import ConfigurationError, GanReproError
from gan_repro.locks import LockedRun, read_runs
from gan_repro.measuring import Reference
from gan_repro.pipelines import wiring
from gan_repro.runs import CODES_SPLIT, LabelChoice
from gan_repro.status import status
from gan_repro.storage.image_sets import ImageSetDataset
from gan_repro.storage.outputs import SnapshotsDataset
from gan_repro.storage.references import ReferenceDataset
from gan_repro.turing.trial import Exhibit, exhibit

SPLIT = "test"
"""Real images that no generator was trained on."""
log = logging.getLogger(__name__)


def votes_file(root: Path, scale: str) -> Path:
    """Where the votes of a scale lie unless another file is named."""
    return root / data_root() / "08_reporting" / "turing" / f"{scale}.sqlite"


def gather(root: Path, scale: str, keys: Iterable[str], samples: int) -> list[Exhibit]:
    """An exhibit of each run, in memory; runs of one data set have the same real images.

    Raises
    ------
    ConfigurationError
        When no trained run of the scale has that key.
    DataError
        When a run has no snapshots, or a data set no images.
    EvaluationError
        When a run makes no images, or too few are asked for.
    """
    runs = {run.key: run for run in read_runs(root / "conf", scale) if run.trained}
    asked = list(dict.fromkeys(keys))
    for key in asked:
        if key not in runs:
            near = difflib.get_close_matches(key, runs, n=3)
            hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
            raise ConfigurationError(
                f"turing-test: scale {scale!r} trains no run called {key!r}. Expected "
                f"paper.family.condition.seed. {hint}"
                f"All of them: kedro status --env {scale} --runs"
            )
    entries = Entries(root, scale, data_root())
    return [_exhibit(runs[key], root, entries, samples) for key in asked]


def _exhibit(run: LockedRun, root: Path, entries: Entries, samples: int) -> Exhibit:
    def path(name: str) -> str:
        return str(root / entries.path(name))

    found = status(run, lambda what: Path(path(wiring.entry(run, what))))
    if found.state == "stale":
        log.warning("%s is stale (%s): votes will be on its old weights.", run.key, found.note)
    snapshots = _loaded(SnapshotsDataset(path(wiring.entry(run, "snapshots"))))
    images = _loaded(ImageSetDataset(path(wiring.images(run.train["dataset"], SPLIT))))
    return exhibit(run.train, snapshots, images, samples, _codes(run, path))


def _codes(run: LockedRun, path: Callable[[str], str]) -> list[Reference]:
    """The conditions of a generator that takes codes; without the file, `codes_of` says so."""
    labels = LabelChoice(**run.train["labels"])
    if not labels.are_codes:
        return []
    seen = Measuring(run.train["dataset"], CODES_SPLIT, str(labels.extractor))
    file = path(wiring.reference(seen))
    return [_loaded(ReferenceDataset(file))] if Path(file).is_file() else []


def _loaded(dataset: AbstractDataset[Any, Any]) -> Any:
    """What a data set holds; Kedro hides our errors in its own."""
    try:
        return dataset.load()
    except DatasetError as error:
        if isinstance(error.__cause__, GanReproError):
            raise error.__cause__ from None
        raise
