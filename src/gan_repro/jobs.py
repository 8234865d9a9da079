"""A pipeline's nodes as jobs: what each waits for, holds, and takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gan_repro.estimates import NODE_SECONDS, Rates, progress, scoring_flops
from gan_repro.locks import LockedRun
from gan_repro.scheduling import Job, gpu_share

if TYPE_CHECKING:
    from kedro.pipeline import Node, Pipeline

GUESSED_ROUND = 0.1
"""Seconds a round where no rate is known: it only orders nodes."""


@dataclass(frozen=True)
class Placing:
    """What nodes may hold.

    gpus : whether there are GPUs at all.
    share : of a GPU, for every training; None lets ``scheduling.gpu_share`` decide by its rounds.
    most_cpus : on one machine; a run with more threads than that gets them all.
    anew : whether rounds that were played here count as well.
    """

    gpus: bool = False
    share: float | None = None
    most_cpus: float = float("inf")
    anew: bool = False


def owner(node: "Node") -> str:
    """The key of the run that a node trains or scores; "" where it belongs to none."""
    head = node.outputs[0].rpartition(".")[0]
    return head if f"{head}.run" in node.inputs else ""


@dataclass(frozen=True)
class Pricing:
    """What is known of runs, by key, from which nodes become jobs.

    protocols : as their file has them.
    """

    runs: Mapping[str, LockedRun]
    protocols: Mapping[str, Any]
    rates: Rates
    placing: Placing

    def jobs(self, pipeline: "Pipeline") -> list[Job]:
        """A job a node, in the pipeline's order."""
        before = pipeline.node_dependencies
        return [
            self._job(node, frozenset(other.name for other in before[node]))
            for node in pipeline.nodes
        ]

    def _job(self, node: "Node", after: frozenset[str]) -> Job:
        run = self.runs.get(owner(node))
        if run is None:
            sees = node.name.rpartition(".")[2].startswith("measure_")
            return Job(node.name, after, NODE_SECONDS, gpus=float(self.placing.gpus and sees))
        trains = node.outputs[0].endswith(".snapshots")
        share = self._share(run, trains)
        seconds = self._training(run, share) if trains else self._scoring(run)
        cpus = min(float(run.train["engine"]["threads"]), self.placing.most_cpus)
        return Job(node.name, after, NODE_SECONDS + seconds, cpus, share, run.key, trains)

    def _share(self, run: LockedRun, trains: bool) -> float:
        if not self.placing.gpus or run.train["engine"]["device"] == "cpu":
            return 0.0
        if not trains:
            return 1.0
        return self.placing.share or gpu_share(self.rates.flops(run))

    def _training(self, run: LockedRun, share: float) -> float:
        played = 0 if self.placing.anew else int(progress(run).get("round", 0))
        rounds = max(0, int(run.train["rounds"]) - played)
        seconds = rounds * (self.rates.of(run) or GUESSED_ROUND)
        # a share of a machine's operations a second: sharing is not counted as a gain
        return seconds / share if self.rates.machine and 0 < share < 1 else seconds

    def _scoring(self, run: LockedRun) -> float:
        return scoring_flops(run, self.protocols) / self.rates.speed
