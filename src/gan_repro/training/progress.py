"""What a person sees of a run: a bar or log lines, and a small file for `kedro status`."""

import json
import logging
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gan_repro import atomic
from gan_repro.runs import RunSpec

log = logging.getLogger(__name__)

QUIET_SECONDS = 30.0
"""Without a terminal, at most one log line in this many seconds."""


class Watch:
    """Shows terms and rate while a run plays, and keeps ``progress.json`` fresh."""

    def __init__(self, run: RunSpec, folder: Path, start: int) -> None:
        self.run, self.file, self.start = run, folder / "progress.json", start
        self.began = self.spoke = time.monotonic()
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        self.bar = Progress(
            *columns, TimeRemainingColumn(), TextColumn("{task.fields[terms]}"),
            disable=not sys.stderr.isatty(), transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task(run.key, total=run.rounds, completed=start, terms="")

    def __enter__(self) -> "Watch":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def show(self, round_number: int, terms: dict[str, float]) -> None:
        """Tell how far the run is, and its latest terms."""
        rate = self.seconds_per_round(round_number)
        text = "  ".join(f"{name} {value:.3f}" for name, value in terms.items())
        self.bar.update(self.task, completed=round_number, terms=f"{rate * 1e3:.0f} ms  {text}")
        self._write(round_number, rate)
        if self.bar.disable and time.monotonic() - self.spoke > QUIET_SECONDS:
            self.spoke = time.monotonic()
            line = "%s: round %d of %d, %.0f ms a round, %s"
            log.info(line, self.run.key, round_number, self.run.rounds, rate * 1e3, text)

    def seconds_per_round(self, round_number: int) -> float:
        """Wall-clock seconds a round since this process began to play."""
        return (time.monotonic() - self.began) / max(round_number - self.start, 1)

    def _write(self, round_number: int, rate: float) -> None:
        state = {
            "round": round_number,
            "rounds": self.run.rounds,
            "seconds_per_round": round(rate, 6),
            "pid": os.getpid(),
            "updated": datetime.now(UTC).isoformat(timespec="seconds"),
            "done": round_number == self.run.rounds,
        }
        atomic.write_text(self.file, json.dumps(state) + "\n")
