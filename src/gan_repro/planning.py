"""What a pipeline is going to cost, by family and on so many GPUs, before anyone spends it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_repro import counting, datacard, scheduling, terminal
from gan_repro.estimates import Machine, Rates, kind_of
from gan_repro.images import ImageShape
from gan_repro.locks import LockedRun
from gan_repro.runs import RunSpec
from gan_repro.scheduling import Capacity, Job
from gan_repro.simulation import simulate
from gan_repro.status import Status

CPUS_PER_GPU = 8.0
"""Of the machines that GPUs come in: fewer would hold trainings up, which ask for two each."""
HOUR = 3600.0


@dataclass(frozen=True)
class FamilyPlan:
    """The runs of one family.

    left : rounds that are still to be played, of ``rounds``.
    seconds_per_round : None where no rate is known.
    basis : where the rate comes from: recorded here, stated with the scale, measured on the named
        machine, or counted: operations over its assumed speed.
    disk : bytes of the snapshots of all its runs.
    """

    family: str
    method: str
    dataset: str
    runs: int
    done: int
    rounds: int
    left: int
    seconds_per_round: float | None
    basis: str
    disk: int

    @property
    def seconds(self) -> float | None:
        """Training time that is left, on one machine, one run after another."""
        return None if self.seconds_per_round is None else self.left * self.seconds_per_round


def plan(statuses: Iterable[Status], rates: Rates, conf: Path) -> list[FamilyPlan]:
    """One line a family, in the order of the lock."""
    families: dict[str, list[Status]] = {}
    for one in statuses:
        families.setdefault(f"{one.run.paper}.{one.run.family}", []).append(one)
    return [_family(name, own, rates, conf) for name, own in families.items()]


def _family(name: str, own: list[Status], rates: Rates, conf: Path) -> FamilyPlan:
    method, dataset = kind_of(own[0].run)
    rate, basis = rates.found(own[0].run)
    return FamilyPlan(
        family=name,
        method=method,
        dataset=dataset,
        runs=len(own),
        done=sum(one.rounds_left == 0 for one in own),
        rounds=sum(one.run.train["rounds"] for one in own),
        left=sum(one.rounds_left for one in own),
        seconds_per_round=rate,
        basis=basis,
        disk=len(own) * _disk(own[0].run, rates, conf),
    )


def _disk(run: LockedRun, rates: Rates, conf: Path) -> int:
    """Bytes of a run's snapshots, as counted, or reckoned now."""
    spec, counted = RunSpec.model_validate(run.train), rates.work.get(counting.family_of(run))
    if counted and counted.of == counting.identity(spec):
        return counted.snapshot_bytes * len(spec.snapshot_rounds)
    return snapshot_bytes(run, conf)


def snapshot_bytes(run: LockedRun, conf: Path) -> int:
    """Bytes of a run's snapshots: the published players, once a kept round."""
    from gan_repro import kinds

    spec = RunSpec.model_validate(run.train)
    card = datacard.read_card(spec.dataset, conf)
    module = kinds.find("methods", spec.method["kind"])
    size = spec.labels.size(len(card.classes))
    game = module.build(spec.settings(), ImageShape(*card.shape), size)
    tensors = (t for name in game.published for t in game.players[name].state_dict().values())
    return sum(t.numel() * t.element_size() for t in tensors) * len(spec.snapshot_rounds)


HEAD = ("family", "method", "data set", "runs", "done", "rounds", "s/round", "time left", "disk")
SHARED_WORK = {"read": "splits of images", "make": "label sets", "measure": "references"}


def describe(families: Sequence[FamilyPlan], nodes: Iterable[str]) -> str:
    """The plan in words: a line a family, what is made once for all runs, and sums.

    nodes : names of the pipeline's nodes.
    """
    verbs = [name.rpartition(".")[2].split("_")[0] for name in nodes]
    shared = ", ".join(f"{verbs.count(verb)} {what}" for verb, what in SHARED_WORK.items())
    time_left = terminal.total(family.seconds for family in families)
    lines = [
        terminal.columns([HEAD, *(_line(family) for family in families)]),
        "",
        f"made once for all runs: {shared}",
        f"runs: {sum(f.runs for f in families)}, of which {sum(f.done for f in families)} are done",
        f"rounds left: {sum(f.left for f in families):,} of {sum(f.rounds for f in families):,}",
        f"training time left, one run after another: {terminal.duration(time_left)}",
        f"snapshots: {sum(f.disk for f in families) / 1e9:,.2f} GB",
    ]
    if time_left is None:
        lines.append(
            "A rate is unknown until a run of the method was played here at this scale. Or name a "
            "machine (--machine)."
        )
    return "\n".join(lines)


def _line(family: FamilyPlan) -> tuple[str, ...]:
    rate = family.seconds_per_round
    said = "" if family.basis == "recorded" else f" {family.basis}"
    return (
        family.family,
        family.method,
        family.dataset,
        str(family.runs),
        str(family.done),
        f"{family.rounds:,}",
        "unknown" if rate is None else f"{rate:.3f}{said}",
        terminal.duration(family.seconds),
        f"{family.disk / 1e6:,.0f} MB",
    )


@dataclass(frozen=True)
class Bill:
    """What jobs come to on so many GPUs.

    work : GPU-seconds.
    longest : seconds of the longest chain of jobs.
    bound : seconds that no schedule can undercut.
    seconds : those of the runner's own order, simulated.
    """

    gpus: int
    work: float
    longest: float
    bound: float
    seconds: float

    @property
    def bounded_by(self) -> str:
        """Which of the two makes the bound."""
        return "longest chain" if self.bound <= self.longest * (1 + 1e-9) else "work over GPUs"


def bill(jobs: Collection[Job], gpus: int) -> Bill:
    """Simulate jobs on ``gpus`` GPUs that nobody else uses."""
    there = cluster(gpus)
    return Bill(
        gpus=gpus,
        work=sum(job.seconds * job.gpus for job in jobs),
        longest=max(scheduling.ways(jobs).values(), default=0.0),
        bound=scheduling.bound(jobs, there),
        seconds=simulate(jobs, there).seconds,
    )


def cluster(gpus: int) -> Capacity:
    """So many GPUs, with the processors that they come with."""
    return Capacity(CPUS_PER_GPU * gpus, float(gpus))


def describe_bill(bill: Bill, machine: Machine | None, price: float | None) -> str:
    """The bill in words.

    price : of an hour of one GPU, in any currency.
    """
    about = f"{machine.device}; {machine.basis}" if machine else "the machine that rates are of"
    hours = bill.seconds / HOUR
    lines = [
        f"on {bill.gpus} GPUs ({about}), training and scoring:",
        f"GPU-hours: {bill.work / HOUR:,.1f}",
        f"time: {hours:,.1f} h; no schedule takes less than {bill.bound / HOUR:,.1f} h "
        f"({bill.bounded_by})",
    ]
    if price is not None:
        paid = bill.gpus * hours
        lines.append(
            f"bill: {paid * price:,.2f} for {paid:,.1f} hours of a GPU at {price:,.2f}, idle ones "
            "counted"
        )
    return "\n".join(lines)
