"""Which job starts next: the one with the longest way to the end, of those that are ready and fit.

The same ``Board`` orders the nodes of a distributed run and those of a simulated one. Its rule is
list scheduling by critical path (Graham, *Bounds on multiprocessing timing anomalies*, 1969;
Adam, Chandy, Dickson, *A comparison of list schedules*, 1974): no schedule ends before

    bound = max(longest path, work / capacity).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gan_repro.errors import ConfigurationError

SMALL_ROUND = 5e10
"""FLOPs of a round under which a training gets a quarter of a GPU, and under four times as many a
half. Our guess: kernels that small leave a GPU idle between them."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Capacity:
    """What a cluster has, all its machines together."""

    cpus: float
    gpus: float = 0.0


@dataclass(frozen=True)
class Job:
    """One piece of work.

    after : names of the jobs that it waits for.
    seconds : how long it takes, as far as anyone knows.
    cpus, gpus : what it holds meanwhile; a share of one GPU, or whole ones.
    run : the key of the run that it trains or scores; "" where it belongs to none.
    trains : whether it trains it, so that its state folder says how far it is.
    """

    name: str
    after: frozenset[str] = frozenset()
    seconds: float = 0.0
    cpus: float = 1.0
    gpus: float = 0.0
    run: str = ""
    trains: bool = False


def gpu_share(flops: float | None) -> float:
    """The share of a GPU for a training whose round has so many FLOPs; a whole one if unknown.

    >>> gpu_share(1e10), gpu_share(1e11), gpu_share(1e12), gpu_share(None)
    (0.25, 0.5, 1.0, 1.0)
    """
    if flops is None or flops >= 4 * SMALL_ROUND:
        return 1.0
    return 0.25 if flops < SMALL_ROUND else 0.5


def ways(jobs: Collection[Job]) -> dict[str, float]:
    """Seconds from the start of each job to the end of the longest chain that begins with it.

    Raises
    ------
    ConfigurationError
        When jobs wait for each other in a circle, or for one that is not there.
    """
    left = {job.name: len(job.after) for job in jobs}
    by_name, later = {job.name: job for job in jobs}, successors(jobs)
    order = [name for name, count in left.items() if not count]
    for name in order:  # grows meanwhile
        for other in later[name]:
            left[other] -= 1
            if not left[other]:
                order.append(other)
    if len(order) < len(by_name):
        stuck = sorted(set(by_name) - set(order))
        raise ConfigurationError(
            f"jobs that cannot start: {', '.join(stuck[:3])}: they wait for each other, or for a "
            "job that is not there. Give each job only names of others that come before it."
        )
    found: dict[str, float] = {}
    for name in reversed(order):
        longest = max((found[other] for other in later[name]), default=0.0)
        found[name] = by_name[name].seconds + longest
    return found


def successors(jobs: Iterable[Job]) -> dict[str, list[str]]:
    """Name -> the names of the jobs that wait for it."""
    known = list(jobs)
    later: dict[str, list[str]] = {job.name: [] for job in known}
    for job in known:
        for name in job.after & later.keys():
            later[name].append(job.name)
    return later


def bound(jobs: Collection[Job], capacity: Capacity) -> float:
    """Seconds that no schedule can undercut: the longest path, or work over what there is."""
    longest = max(ways(jobs).values(), default=0.0)
    on_cpus = sum(job.seconds * job.cpus for job in jobs) / capacity.cpus
    asked = sum(job.seconds * job.gpus for job in jobs)
    return max(longest, on_cpus, asked / capacity.gpus if asked else 0.0)


@dataclass
class Board:
    """What has become of each job, and which ones to start now.

    ``fill`` starts ready jobs, the longest way first, while they fit. A job that does not fit keeps
    what it lacks from those behind it, or small jobs would keep a large one waiting for ever; what
    it does not need they may take.
    """

    jobs: Collection[Job]
    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.by_name: Mapping[str, Job] = {job.name: job for job in self.jobs}
        self._ways, self._later = ways(self.jobs), successors(self.jobs)
        self._missing = {job.name: len(job.after) for job in self.jobs}
        self._ready = [name for name, count in self._missing.items() if not count]
        self._sort()

    def fill(self, capacity: Capacity) -> list[Job]:
        """Start what fits beside what is running; returns the jobs in the order of their start."""
        held = [self.by_name[name] for name in self.running]
        cpus = capacity.cpus - sum(job.cpus for job in held)
        gpus = capacity.gpus - sum(job.gpus for job in held)
        started: list[Job] = []
        for name in list(self._ready):
            if cpus <= ROUNDING:
                break
            job = self.by_name[name]
            fits = job.cpus <= cpus + ROUNDING, job.gpus <= gpus + ROUNDING
            if all(fits):
                started.append(job)
                cpus, gpus = cpus - job.cpus, gpus - job.gpus
            else:
                cpus, gpus = cpus if fits[0] else 0.0, gpus if fits[1] else 0.0
        self._start(started)
        return started

    def next(self) -> Job | None:
        """Start the first ready job whether it fits or not; None where none is ready."""
        if not self._ready:
            return None
        job = self.by_name[self._ready[0]]
        self._start([job])
        return job

    def finish(self, name: str) -> None:
        """A running job has done its work: what waited for it alone is ready."""
        self.running.remove(name)
        self.finished.append(name)
        for other in self._later[name]:
            self._missing[other] -= 1
            if not self._missing[other]:
                self._ready.append(other)
        self._sort()

    def fail(self, name: str, reason: str) -> None:
        """A running job has failed for good: what waits for it will never be ready."""
        self.running.remove(name)
        self.failed[name] = reason

    @property
    def undone(self) -> list[str]:
        """Jobs that were never started, in their given order."""
        gone = {*self.finished, *self.failed, *self.running}
        return [job.name for job in self.jobs if job.name not in gone]

    def _start(self, jobs: list[Job]) -> None:
        names = {job.name for job in jobs}
        self._ready = [name for name in self._ready if name not in names]
        self.running |= names

    def _sort(self) -> None:
        self._ready.sort(key=lambda name: -self._ways[name])  # stable: else in their given order
