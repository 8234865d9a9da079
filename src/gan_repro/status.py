"""What has become of each run: done, stale, running, interrupted, or still to do."""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from gan_repro import terminal
from gan_repro.estimates import Rates
from gan_repro.locks import LockedRun, differences
from gan_repro.training.folder import NOT_DECISIVE, code_sha256, folder_of

State = Literal["done", "not scored", "stale", "running", "interrupted", "to do"]


@dataclass(frozen=True)
class Status:
    """One run: its state, the rounds played, and what to know about it."""

    run: LockedRun
    state: State
    played: int
    seconds_per_round: float | None
    note: str = ""

    @property
    def rounds_left(self) -> int:
        """Rounds that are still to be played."""
        if self.state in {"done", "not scored"}:
            return 0
        rounds = int(self.run.train["rounds"])
        return rounds if self.state == "stale" else rounds - self.played

    def seconds_left(self, rates: Rates) -> float | None:
        """Training time that is left, at the run's own rate or that of runs like it."""
        rate = self.seconds_per_round or rates.of(self.run)
        return 0.0 if not self.rounds_left else rate and rate * self.rounds_left


def status(run: LockedRun, output: Callable[[str], Path]) -> Status:
    """The state of one run.

    output : what a run leaves (``snapshots``, ``scores``) -> its file.
    """
    folder = folder_of(run.train["scale"], run.key)
    progress = _json(folder / "progress.json")
    played, rate = int(progress.get("round", 0)), progress.get("seconds_per_round")
    if progress and not progress["done"] and _alive(int(progress["pid"])):
        return Status(run, "running", played, rate, f"process {progress['pid']}")
    changed = _changes(run, _json(folder / "run.json"))
    if output("snapshots").is_file():
        if changed:
            return Status(run, "stale", played, rate, changed)
        scored = not run.evaluate or output("scores").is_file()
        return Status(run, "done" if scored else "not scored", run.train["rounds"], rate)
    if played:
        return Status(run, "stale" if changed else "interrupted", played, rate, changed)
    return Status(run, "to do", 0, None)


def describe(statuses: Sequence[Status], rates: Rates, every: bool) -> str:
    """How many runs are in which state, and a line for each that needs a look.

    every : a line for each run.
    """
    shown = [one for one in statuses if every or one.state not in {"done", "to do"}]
    lines = [
        (
            one.run.key,
            one.state,
            f"{one.played}/{one.run.train['rounds']}",
            terminal.duration(one.seconds_left(rates)) if one.rounds_left else "",
            one.note,
        )
        for one in shown
    ]
    counts = Counter(one.state for one in statuses)
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    left = terminal.duration(terminal.total(one.seconds_left(rates) for one in statuses))
    table = terminal.columns([("run", "state", "round", "time left", ""), *lines])
    head = f"{len(statuses)} runs: {said}. Training time left: {left}."
    return f"{head}\n\n{table}" if lines else head


def _changes(run: LockedRun, began: Mapping[str, Any]) -> str:
    """In what a run differs from the one that its state belongs to; "" without a state."""
    if not began:
        return ""
    was = began["spec"]["engine"]
    engine = {
        switch: was.get(switch, value) if value == "auto" else value  # what it stood for
        for switch, value in run.train["engine"].items()
        if switch not in NOT_DECISIVE
    }
    found = list(differences(began["spec"], {**run.train, "engine": engine}))
    if not found and began["code"] != _code(run.train["method"]["kind"]):
        return "its code has changed"
    return "; ".join(found[:3]) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")


@cache
def _code(method: str) -> str:
    return code_sha256(method)


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
