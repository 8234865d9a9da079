"""How long runs take: by rates recorded here, or by those of a machine in ``conf/machines``.

A machine that nobody has measured has an assumed speed: seconds a round are then the round's
operations (``counting``) over it. Every estimate says which of these it is.
"""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from pydantic import Field

from gan_repro import atomic, counting
from gan_repro.checking import known_names, parse, read_yaml
from gan_repro.counting import Work
from gan_repro.errors import ConfigurationError
from gan_repro.kinds import Spec
from gan_repro.locks import LockedRun, load_fast
from gan_repro.training.folder import folder_of

IMAGE_FLOPS = {"inception2015": 1.2e10}
"""Operations for one sample: making it, and one look of an extractor. Inception v3 has 5.7 billion
multiply-adds (torchvision's table of models); the generator's are the small rest."""
OTHER_IMAGE_FLOPS = 3e9
"""The same for any other extractor. Our guess, on the high side: ResNet-18 at 224 pixels has 3.6e9
without a generator, and extractors here look at 32 to 128 pixels."""
NODE_SECONDS = 60.0
"""For each node beside its rounds: starting, loading, metrics on the processor. Our guess."""
ORDINARY_SPEED = 1e11
"""Operations a second where no machine is named: of a processor; it only orders nodes."""
SNAPSHOT_RULES = {"last": 1, "last_five_epochs": 5}


class Machine(Spec):
    """A device that runs could be played on.

    device : what it is, for people.
    flops_per_second : operations a second that these networks achieve on it, in the engine's
        precision; an assumption, of which ``basis`` says where it comes from.
    seconds_per_round : scale -> method's kind -> what was measured there.
    """

    device: str
    flops_per_second: float | None = Field(default=None, gt=0)
    basis: str = ""
    seconds_per_round: dict[str, dict[str, float]] = Field(default_factory=dict)


def machines(conf: Path) -> list[str]:
    """The machines that ``conf/machines`` describes."""
    return sorted(path.stem for path in (conf / "machines").glob("*.yml"))


def read_machine(conf: Path, name: str) -> Machine:
    """``conf/machines/<name>.yml``.

    Raises
    ------
    ConfigurationError
        When there is none of that name, or with all its faults.
    """
    known = machines(conf)
    if name not in known:
        raise ConfigurationError(
            f"conf/machines: no machine is called {name!r}. {known_names(name, known)}"
        )
    path = conf / "machines" / f"{name}.yml"
    return parse(Machine, read_yaml(path), path)


def save(conf: Path, name: str, scale: str, runs: Iterable[LockedRun]) -> Path:
    """Keep the rates that runs have recorded here as a machine's; returns its file.

    Raises
    ------
    ConfigurationError
        When no run of the scale was played here.
    """
    by_kind: dict[str, list[float]] = defaultdict(list)
    for (kind, _), rate in recorded_rates(runs).items():
        by_kind[kind].append(rate)
    if not by_kind:
        raise ConfigurationError(
            f"rates of {scale!r}: none was recorded here. Train a run of that scale first, or run "
            f"`python benchmarks/rates.py {scale}`."
        )
    measured = {kind: round(median(rates), 6) for kind, rates in sorted(by_kind.items())}
    there = name in machines(conf)
    old = read_machine(conf, name) if there else Machine(device=_device())
    rates = {**old.seconds_per_round, scale: measured}
    content = old.model_copy(update={"seconds_per_round": rates}).model_dump(exclude_defaults=True)
    file = conf / "machines" / f"{name}.yml"
    atomic.write_text(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return file


@dataclass(frozen=True)
class Rates:
    """Seconds a round, of the machine at hand or of a named one.

    recorded : (method's kind, data set) -> played here.
    stated : method's kind -> what the scale states.
    work : ``paper.family`` -> what its rounds cost, as counted.
    machine : in the place of the one at hand.
    """

    recorded: Mapping[tuple[str, str], float]
    stated: Mapping[str, float]
    work: Mapping[str, Work] = field(default_factory=dict)
    machine: Machine | None = None

    def of(self, run: LockedRun) -> float | None:
        """The rate of a run like this one; None where nobody knows."""
        return self.found(run)[0]

    def found(self, run: LockedRun) -> tuple[float | None, str]:
        """The rate, and where it comes from: recorded, stated, measured, counted or unknown."""
        kind = kind_of(run)
        if self.machine:
            measured = self.machine.seconds_per_round.get(run.train["scale"], {}).get(kind[0])
            if measured:
                return measured, "measured"
            flops, speed = self.flops(run), self.machine.flops_per_second
            return (flops / speed, "counted") if flops and speed else (None, "unknown")
        if kind in self.recorded:
            return self.recorded[kind], "recorded"
        stated = self.stated.get(kind[0])
        return stated, "unknown" if stated is None else "stated"

    def flops(self, run: LockedRun) -> float | None:
        """Operations of one of its rounds, where they were counted."""
        work = self.work.get(counting.family_of(run))
        return work.flops if work else None

    @property
    def speed(self) -> float:
        """Operations a second, for work that is not counted in rounds."""
        return (self.machine and self.machine.flops_per_second) or ORDINARY_SPEED


def read_rates(
    conf: Path, scale: str, runs: Iterable[LockedRun], machine: str | None = None
) -> Rates:
    """All that is known about a scale's rates; ``runs`` are those that may have been played."""
    named = read_machine(conf, machine) if machine else None
    return Rates(recorded_rates(runs), stated_rates(conf, scale), counting.read(conf, scale), named)


def recorded_rates(runs: Iterable[LockedRun]) -> dict[tuple[str, str], float]:
    """The median rate of the runs that were played here, by what it depends on most."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for run in runs:
        rate = progress(run).get("seconds_per_round")
        if rate:
            found[kind_of(run)].append(rate)
    return {kind: median(rates) for kind, rates in found.items()}


def stated_rates(conf: Path, scale: str) -> dict[str, float]:
    """Method's kind -> seconds a round, as conf/<scale>/rates.yml states them, if it does."""
    path = conf / scale / "rates.yml"
    return load_fast(path)["seconds_per_round"] if path.is_file() else {}


def _device() -> str:
    """The machine at hand in words: its GPU, or how many cores of which kind."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{os.cpu_count()} cores, {platform.machine()}"


def kind_of(run: LockedRun) -> tuple[str, str]:
    """What a run's rate depends on most: its method and its data set."""
    return run.train["method"].get("kind", ""), run.train["dataset"]


def progress(run: LockedRun) -> dict[str, Any]:
    """What a training process last said about itself; empty before it has."""
    path = folder_of(run.train["scale"], run.key) / "progress.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def scoring_flops(run: LockedRun, protocols: Mapping[str, Any]) -> float:
    """Operations of a run's evaluation: samples, each made once and seen once an extractor."""
    looks: dict[tuple[str, str | float], int] = {}
    for name in run.evaluate:
        asked = protocols[name]
        seen = asked["extractor"], asked["snapshots"]
        looks[seen] = max(looks.get(seen, 0), asked["samples"])
    return sum(
        samples * _snapshots(rule, run) * IMAGE_FLOPS.get(extractor, OTHER_IMAGE_FLOPS)
        for (extractor, rule), samples in looks.items()
    )


def _snapshots(rule: str | float, run: LockedRun) -> int:
    if rule == "all":
        return len(run.train["snapshots"])
    return SNAPSHOT_RULES.get(str(rule), 1)
