"""What a pipeline is going to cost, family by family, before anyone spends it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_repro import datacard, terminal
from gan_repro.images import ImageShape
from gan_repro.locks import LockedRun
from gan_repro.runs import RunSpec
from gan_repro.status import Rates, Status, kind_of


@dataclass(frozen=True)
class FamilyPlan:
    """The runs of one family.

    left : rounds that are still to be played, of ``rounds``.
    seconds_per_round : None where no rate is known.
    recorded : whether the rate was measured here, or stated with the scale.
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
    recorded: bool
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
    return FamilyPlan(
        family=name,
        method=method,
        dataset=dataset,
        runs=len(own),
        done=sum(one.rounds_left == 0 for one in own),
        rounds=sum(one.run.train["rounds"] for one in own),
        left=sum(one.rounds_left for one in own),
        seconds_per_round=rates.of(own[0].run),
        recorded=(method, dataset) in rates.recorded,
        disk=len(own) * snapshot_bytes(own[0].run, conf),
    )


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
        lines.append("A rate is unknown until a run of the method was played here at this scale.")
    return "\n".join(lines)


def _line(family: FamilyPlan) -> tuple[str, ...]:
    rate = family.seconds_per_round
    stated = "" if family.recorded else " stated"
    return (
        family.family,
        family.method,
        family.dataset,
        str(family.runs),
        str(family.done),
        f"{family.rounds:,}",
        "unknown" if rate is None else f"{rate:.3f}{stated}",
        terminal.duration(family.seconds),
        f"{family.disk / 1e6:,.0f} MB",
    )
