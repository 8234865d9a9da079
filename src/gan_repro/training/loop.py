"""The loop that plays every method: rounds, windows, checkpoints, snapshots, and the way back."""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.torch import load_file, save
from torch import Tensor

from gan_repro import atomic
from gan_repro.game import Clock
from gan_repro.images import ImageSet
from gan_repro.runs import RunSpec
from gan_repro.snapshots import Snapshots
from gan_repro.training import checkpoints, folder, provenance
from gan_repro.training.devices import computing
from gan_repro.training.events import Events
from gan_repro.training.progress import Watch
from gan_repro.training.table import Table, lay

log = logging.getLogger(__name__)


def play(
    run: RunSpec,
    images: ImageSet,
    labels: np.ndarray,
    fresh: bool = False,
    restart_on_change: bool = False,
    upstream: Snapshots | None = None,
) -> tuple[dict[str, Tensor], pd.DataFrame, dict[str, Any]]:
    """Play a run to its end; see ``gan_repro.training.train``."""
    home = folder.folder_of(run.scale, run.key)
    with folder.claimed(home), computing(run.engine):
        if fresh:
            folder.set_aside(home)
        wanted = folder.identity(run, images.images, labels, upstream)
        folder.admit(home, wanted, restart_on_change)
        table = lay(run, images, labels, upstream)
        start, before = checkpoints.read(home, table)
        if start:
            log.info("%s: resuming after round %d of %d", run.key, start, run.rounds)
        seconds = _play_rounds(run, table, home, start, time.monotonic() - before)
        (home / "finished").touch()
        snapshots = _gather(run, home)
        history = pd.DataFrame(table.history.table())
    return snapshots, history, provenance.describe(run, table.device, seconds, start)


def _play_rounds(run: RunSpec, table: Table, home: Path, start: int, began: float) -> float:
    engine, due = run.engine, frozenset(run.snapshot_rounds)
    with Watch(run, home, start) as watch, Events(engine, home, start) as events:
        for number in range(start, run.rounds):
            table.play(Clock(number, run.rounds))
            done = number + 1
            if done % engine.log_every == 0 or done == run.rounds:
                means = table.history.close_window(done)
                watch.show(done, means)
                events.write(done, means)
            keep = done % engine.checkpoint_every == 0 or done == run.rounds
            if keep or done in due:
                table.check(done)
            if done in due:
                atomic.write_bytes(_snapshot_file(home, done), save(table.snapshot(done)))
            if keep:
                checkpoints.write(home, done, table, time.monotonic() - began)
    return time.monotonic() - began


def _snapshot_file(home: Path, round_number: int) -> Path:
    return home / f"snapshot-{round_number:08d}.safetensors"


def _gather(run: RunSpec, home: Path) -> dict[str, Tensor]:
    files = [_snapshot_file(home, number) for number in run.snapshot_rounds]
    return {key: value for file in files for key, value in load_file(file).items()}
