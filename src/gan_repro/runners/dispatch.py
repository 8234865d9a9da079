"""Jobs go to Ray in the board's order, no more at a time than the cluster holds."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gan_repro.errors import UnfinishedError
from gan_repro.scheduling import Board, Capacity, Job

if TYPE_CHECKING:
    from ray import ObjectRef

PULSE = 1.0
"""Seconds after which the view is refreshed even if nothing ended."""
log = logging.getLogger(__name__)


class Watching(Protocol):
    """Whoever wants to know how far the jobs are."""

    def ended(self, job: Job) -> None:
        """A job has finished or failed."""

    def look(self) -> None:
        """Some time has passed."""


def capacity() -> Capacity:
    """What all machines of the cluster have together; it may grow and shrink."""
    import ray

    found = ray.cluster_resources()
    return Capacity(found.get("CPU", 0.0), found.get("GPU", 0.0))


def dispatch(board: Board, submit: "Callable[[Job], ObjectRef]", view: Watching) -> set[str]:
    """Hand over jobs until none is left that could run; returns the machines that did any.

    submit : starts a job on the cluster, which retries it where a worker dies; it returns the id of
        the machine that it ran on.
    """
    import ray

    running: dict[ObjectRef, Job] = {}
    places: set[str] = set()
    while True:
        jobs = board.fill(capacity())
        if not jobs and not running and (job := board.next()):
            jobs = [job]  # the cluster has less than it asks for now: Ray waits until it has more
        running.update({submit(job): job for job in jobs})
        if not running:
            return places
        done, _ = ray.wait(list(running), timeout=PULSE)
        for ref in done:
            job = running.pop(ref)
            try:
                places.add(ray.get(ref))
                board.finish(job.name)
            except ray.exceptions.RayError as error:
                board.fail(job.name, _reason(error))
            view.ended(job)
        view.look()


def conclude(board: Board) -> None:
    """Say what failed and what was left undone, if anything.

    Raises
    ------
    UnfinishedError
        Which also knows what was finished.
    """
    if not board.failed:
        return
    failed = [f"  {name}: {reason}" for name, reason in board.failed.items()]
    undone = [f"  {name}" for name in board.undone]
    left = ["left undone, for they need what failed:", *undone] if undone else []
    raise UnfinishedError(
        "\n".join(
            [
                f"{len(board.failed)} of {len(board.jobs)} nodes failed, {len(undone)} were left "
                f"undone, {len(board.finished)} were finished.",
                "failed:",
                *failed,
                *left,
                "Mend the causes, then start the same command again: trainings that were finished "
                "are not repeated, and others go on after their last checkpoint.",
            ]
        ),
        tuple(board.finished),
    )


def _reason(error: Exception) -> str:
    """Why a job failed, in a line; the traceback of an exception is logged."""
    from ray.exceptions import RayTaskError

    if isinstance(error, RayTaskError):
        log.error("%s", error)
        return f"{type(error.cause).__name__}: {error.cause}"
    return f"its worker died, again and again: {type(error).__name__}: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]
