"""One view of all runs of a distributed run: a live table in a terminal, else plain lines."""

import json
import logging
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gan_repro import terminal
from gan_repro.scheduling import Board, Job
from gan_repro.training.folder import folder_of

log = logging.getLogger(__name__)

SHOWN = 24
"""Running jobs that a terminal shows; those with the longest way to go."""
LIVE_SECONDS, QUIET_SECONDS = 2.0, 30.0
"""Between two looks at all runs, in a terminal and elsewhere."""


class View:
    """Shows how many nodes are done, and how far the running ones are.

    scale : whose state folders say how far trainings are.
    """

    def __init__(self, board: Board, scale: str, console: Console | None = None):
        self.board, self.scale = board, scale
        self.console = console or Console(stderr=True)
        self.began = self.looked = time.monotonic()
        live = self.console.is_terminal
        self.live = Live(console=self.console, transient=True, auto_refresh=False) if live else None

    def __enter__(self) -> "View":
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self.live:
            self.live.stop()

    def ended(self, job: Job) -> None:
        """Say that a job is done, or has failed."""
        failed = self.board.failed.get(job.name)
        if failed:
            log.error("%s %s failed: %s", self._count(), job.name, failed)
        elif not self.live:
            log.info("%s %s", self._count(), job.name)

    def look(self) -> None:
        """Show all running jobs, if it is time."""
        pause = LIVE_SECONDS if self.live else QUIET_SECONDS
        if time.monotonic() - self.looked < pause:
            return
        self.looked = time.monotonic()
        if self.live:
            self.live.update(self._screen(), refresh=True)
        else:
            for line in self.lines():
                log.info("%s", line)

    def lines(self) -> list[str]:
        """The state of everything as plain text, a line for all and one a running training."""
        elapsed = terminal.duration(time.monotonic() - self.began)
        head = f"{self._count()} nodes done after {elapsed}, {len(self.board.running)} running"
        return [head, *(" ".join(cells) for cells in self._running() if cells[1])]

    def _screen(self) -> Group:
        done, total = len(self.board.finished), len(self.board.jobs)
        table = Table(box=None, pad_edge=False)
        for name in ("running", "round", "a round", "left"):
            table.add_column(name)
        for cells in self._running():
            table.add_row(*cells)
        more = len(self.board.running) - SHOWN
        below = [Text(f"and {more} more")] if more > 0 else []
        bar = ProgressBar(total=max(total, 1), completed=done, width=40)
        return Group(Text(self.lines()[0]), bar, table, *below)

    def _running(self) -> list[tuple[str, str, str, str]]:
        """Of the running jobs that come first: name, rounds, rate, time left; "" where unknown."""
        jobs = [job for job in self.board.jobs if job.name in self.board.running]
        jobs.sort(key=lambda job: -job.seconds)
        return [self._row(job) for job in jobs[:SHOWN]]

    def _row(self, job: Job) -> tuple[str, str, str, str]:
        state = _progress(folder_of(self.scale, job.run)) if job.trains else {}
        if not state:
            return job.run if job.trains else job.name, "", "", ""
        rate, left = state["seconds_per_round"], state["rounds"] - state["round"]
        rounds = f"{state['round']:,}/{state['rounds']:,}"
        return job.run, rounds, f"{rate * 1e3:,.0f} ms", terminal.duration(left * rate)

    def _count(self) -> str:
        return f"{len(self.board.finished)}/{len(self.board.jobs)}"


def _progress(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "progress.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
