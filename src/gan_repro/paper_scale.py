"""The page docs/paper-scale.md: what tables cost at the papers' own scale, on so many GPUs."""

from collections.abc import Collection, Iterator
from pathlib import Path

from kedro.pipeline import Pipeline

from gan_repro import atomic, counting, estimates, pipeline_registry, planning, scheduling
from gan_repro.campaign import Campaign, read_campaign
from gan_repro.errors import StaleLockError
from gan_repro.estimates import Machine, Rates
from gan_repro.jobs import Placing, Pricing
from gan_repro.locks import LockedRun
from gan_repro.planning import HOUR, cluster
from gan_repro.scheduling import Job
from gan_repro.simulation import Failures, simulate

SCALE, MACHINE = "paper", "h100"
PAGE = Path("docs/paper-scale.md")
GPUS = (1, 8, 64, 512)
FAILURES = Failures(hours_between=200.0, lost_seconds=1000.0, restart_seconds=120.0)
"""Assumed: a worker dies every 200 hours, at most 1,000 seconds of work are lost with it (rounds
since the last checkpoint), and it is back at work after two minutes."""


def check(root: Path) -> None:
    """Refuse a page that does not follow from the lock, the counts and the machines.

    Raises
    ------
    StaleLockError
        When it differs.
    """
    file = root / PAGE
    if not file.is_file() or file.read_text(encoding="utf-8") != page(root / "conf"):
        raise StaleLockError(
            f"{PAGE}: does not follow from conf/{SCALE}/runs, conf/{SCALE}/work.yml and "
            f"conf/machines. Run `kedro count-work --env {SCALE}`, then `kedro export-plan`."
        )


def write(root: Path) -> list[Path]:
    """Bring the page up to date; returns it where it was written."""
    text = page(root / "conf")
    file = root / PAGE
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return []
    atomic.write_text(file, text)
    return [file]


def page(conf: Path) -> str:
    """The page."""
    campaign = read_campaign(conf, SCALE)
    built, suite = pipeline_registry.build(campaign), Suite(conf, campaign, MACHINE)
    names = [f"{paper.paper}_{table}" for paper, table in campaign.tables()]
    parts = [
        HEAD,
        *_assumptions(suite),
        "## Each table\n",
        "What stands in several tables (instruments, baselines) counts in each of them; the last "
        "line counts it\nonce. On N GPUs no table takes less than its bound: the longer of its "
        "longest chain and its GPU-hours / N.\n",
        _table(
            ("Table", "Trainings", "Rounds", "Training, GPU-hours", "Scoring, GPU-hours",
             "Longest chain, h"),
            [_costs(f"`{name}`", built[name], suite) for name in names]
            + [_costs("everything", built["__default__"], suite)],
        ),
        "## Everything at once\n",
        _schedules(suite.jobs(built["__default__"])),
        "## On other machines\n",
        _machines(conf, campaign, built["__default__"]),
        "## Disk\n",
        _disk(campaign, suite),
    ]  # fmt: skip
    return "\n".join(parts)


class Suite:
    """A scale's runs priced for one machine, from the beginning, whatever was played here."""

    def __init__(self, conf: Path, campaign: Campaign, machine: str):
        self.machine: Machine = estimates.read_machine(conf, machine)
        self.rates = Rates({}, {}, counting.read(conf, campaign.scale), self.machine)
        self.runs = {run.key: run for run in campaign.runs}
        placing = Placing(gpus=True, most_cpus=planning.CPUS_PER_GPU, anew=True)
        self._pricing = Pricing(self.runs, campaign.protocols, self.rates, placing)

    def jobs(self, pipeline: Pipeline) -> list[Job]:
        """A pipeline's nodes as jobs."""
        return self._pricing.jobs(pipeline)

    def unknown(self) -> list[str]:
        """Families whose rounds nobody counted."""
        lost = [run for run in self.runs.values() if run.trained and not self.rates.flops(run)]
        return list(dict.fromkeys(map(counting.family_of, lost)))


HEAD = f"""# The plan at paper scale

<!-- Written by `kedro export-plan`; do not edit. -->

What every table costs with the papers' own networks, lengths and data, three to five training
seeds a run, and how long that takes on 1 to 512 GPUs. **These are estimates. No run at this scale
has been made, and nothing here was measured on a GPU.** For one table, with a bill:
`kedro plan --env {SCALE} --pipelines TABLE --machine {MACHINE} --gpus 8 --price-per-hour 2`.

## How the estimate is made
"""


def _assumptions(suite: Suite) -> Iterator[str]:
    machine, unknown = suite.machine, suite.unknown()
    yield from (
        f"1. Rounds and seeds are those of the lock (`conf/{SCALE}/runs`).",
        f"2. The operations of a round were counted with PyTorch's formulas (`kedro count-work`, "
        f"`conf/{SCALE}/work.yml`):\n   matrix products and convolutions, forward and backward, a "
        "multiply-add as two.",
        f"3. A GPU does {machine.flops_per_second:.1e} of them a second: {machine.device},\n"
        f"   {machine.basis}\n   (`conf/machines/{MACHINE}.yml`). Replace it by what you measure: "
        "`kedro save-rates`.",
        "4. A sample that is scored costs 1.2e10 operations through Inception, 3e9 through another "
        "extractor, its making\n   included; every node costs "
        f"{estimates.NODE_SECONDS:.0f} seconds besides. These are guesses (`estimates.py`).",
        "5. Trainings of small networks share a GPU (`scheduling.gpu_share`). Sharing is counted "
        "as no gain: two on one GPU\n   take twice as long.",
        "6. The schedule is a simulation of the Ray runner's own ordering (`scheduling.Board`), "
        f"with {planning.CPUS_PER_GPU:.0f} processor\n   cores a GPU.",
    )
    if unknown:
        yield f"\nNot counted yet, so guessed at 0.1 s a round: {', '.join(unknown)}.\n"
    yield ""


def _costs(name: str, pipeline: Pipeline, suite: Suite) -> tuple[str, ...]:
    jobs = suite.jobs(pipeline)
    trained = [suite.runs[job.run] for job in jobs if job.trains]
    training = sum(job.seconds * job.gpus for job in jobs if job.trains)
    scoring = sum(job.seconds * job.gpus for job in jobs if not job.trains)
    rounds = sum(int(run.train["rounds"]) for run in trained)
    longest = max(scheduling.ways(jobs).values(), default=0.0)
    hours = (f"{seconds / HOUR:,.1f}" for seconds in (training, scoring, longest))
    return name, f"{len(trained):,}", f"{rounds:,}", *hours


def _schedules(jobs: Collection[Job]) -> str:
    rows = []
    for gpus in GPUS:
        found, failing = planning.bill(jobs, gpus), simulate(jobs, cluster(gpus), FAILURES)
        rows.append(
            (
                f"{gpus}",
                f"{found.seconds / HOUR:,.1f}",
                f"{found.bound / HOUR:,.1f}",
                f"{found.seconds / found.bound:.3f}",
                found.bounded_by,
                f"{failing.seconds / HOUR:,.1f}",
                f"{failing.failures}",
            )
        )
    head = (
        "GPUs",
        "Hours",
        "Bound, h",
        "Hours / bound",
        "Bound by",
        "With failures, h",
        "Failures",
    )
    return (
        "No schedule ends before its bound: the longer of the longest chain of nodes and the work "
        "divided by the GPUs. With\nfailures, a worker dies after "
        f"{FAILURES.hours_between:.0f} hours in the mean, at most {FAILURES.lost_seconds:,.0f} "
        "seconds of its work are lost, and it\nstarts again after "
        f"{FAILURES.restart_seconds:.0f} seconds: assumed, one draw.\n\n" + _table(head, rows)
    )


def _machines(conf: Path, campaign: Campaign, pipeline: Pipeline) -> str:
    rows = []
    for name in estimates.machines(conf):
        suite = Suite(conf, campaign, name)
        if suite.machine.flops_per_second:
            work = sum(job.seconds * job.gpus for job in suite.jobs(pipeline)) / HOUR
            speed = f"{suite.machine.flops_per_second:.1e}"
            rows.append((f"`{name}`", f"{work:,.0f}", speed, suite.machine.basis))
    head = ("Machine", "GPU-hours of everything", "Operations a second", "Where that comes from")
    return _table(head, rows)


def _disk(campaign: Campaign, suite: Suite) -> str:
    def total(run: LockedRun, snapshots: bool) -> int:
        work = suite.rates.work.get(counting.family_of(run))
        if work is None:
            return 0
        return work.snapshot_bytes * len(run.train["snapshots"]) if snapshots else work.state_bytes

    trained = [run for run in campaign.runs if run.trained]
    kept = sum(total(run, True) for run in trained) / 1e9
    state = sum(total(run, False) for run in trained) / 1e9
    return (
        f"Snapshots of all runs: {kept:,.0f} GB. Resume state, which may go once a run is scored: "
        f"{state:,.0f} GB, and the snapshots\nonce more until then.\n"
    )


def _table(head: tuple[str, ...], rows: Collection[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
