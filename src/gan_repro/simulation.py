"""A distributed run without a cluster: the board's own order, a clock that jumps, failures."""

import heapq
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from gan_repro.randomness import numpy_generator
from gan_repro.scheduling import Board, Capacity, Job


@dataclass(frozen=True)
class Failures:
    """Workers that die.

    hours_between : mean time between two failures of one job's worker, exponentially distributed.
    lost_seconds : at most so much work is lost with each, for it is resumed from a checkpoint; the
        mean is half.
    restart_seconds : until the job is at work again.
    seed : of the times.
    """

    hours_between: float
    lost_seconds: float
    restart_seconds: float
    seed: int = 0


@dataclass(frozen=True)
class Schedule:
    """What a simulated run came to.

    seconds : from its start to the end of its last job.
    starts : (seconds, job's name), in the order of the starts.
    failures : workers that died.
    busy : shares of GPUs times seconds that jobs held them.
    """

    seconds: float
    starts: list[tuple[float, str]]
    failures: int
    busy: float

    @property
    def order(self) -> list[str]:
        """The names of the jobs as they started."""
        return [name for _, name in self.starts]


def simulate(
    jobs: Collection[Job], capacity: Capacity, failures: Failures | None = None
) -> Schedule:
    """Play jobs on a cluster of ``capacity``; a job whose worker dies keeps its place."""
    board, now, ends = Board(jobs), 0.0, list[tuple[float, int, str]]()
    random = numpy_generator(failures.seed, "failures") if failures else None
    starts: list[tuple[float, str]] = []
    died, busy = 0, 0.0
    while True:
        started = board.fill(capacity)
        if not started and not board.running and (first := board.next()):
            started = [first]  # larger than the cluster: as the runner, let it try
        for job in started:
            times = _deaths(job, failures, random) if failures and random else 0
            seconds = job.seconds + _cost(times, failures, random)
            died, busy = died + times, busy + seconds * job.gpus
            heapq.heappush(ends, (now + seconds, len(starts), job.name))
            starts.append((now, job.name))
        if not ends:
            return Schedule(now, starts, died, busy)
        now, _, name = heapq.heappop(ends)
        board.finish(name)


def _deaths(job: Job, failures: Failures, random: np.random.Generator) -> int:
    return int(random.poisson(job.seconds / (3600.0 * failures.hours_between)))


def _cost(times: int, failures: Failures | None, random: np.random.Generator | None) -> float:
    if not times or failures is None or random is None:
        return 0.0
    lost = random.uniform(0.0, failures.lost_seconds, times).sum()
    return float(lost) + times * failures.restart_seconds
