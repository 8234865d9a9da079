"""Kedro nodes on Ray: the cores and GPUs of one machine, or of a cluster with one file system."""

import logging
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Node, Pipeline
from kedro.runner import AbstractRunner
from kedro.utils import find_kedro_project

from gan_repro import estimates, locks
from gan_repro.errors import ConfigurationError
from gan_repro.estimates import Rates
from gan_repro.jobs import Placing, Pricing, owner
from gan_repro.locks import LockedRun
from gan_repro.runners import errands
from gan_repro.runners.dispatch import capacity, conclude, dispatch
from gan_repro.runners.errands import Errand
from gan_repro.runners.view import View
from gan_repro.scheduling import Board, Job
from gan_repro.training.folder import folder_of

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from pluggy import PluginManager

ADDRESS = "RAY_ADDRESS"
"""Ray's own environment variable: the cluster to use; without it one is started on this machine."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",  # or lines of two runs would look like one
    "RAY_worker_niceness": "0",  # 15 by default: whatever else runs would all but stop a training
}
"""Of Ray, where the environment has none of its own."""
log = logging.getLogger(__name__)


class RayRunner(AbstractRunner):
    """Runs nodes in parallel; ``kedro run --runner gan_repro.runners.RayRunner``.

    A node whose worker is killed is tried again, and a training then goes on after its last
    checkpoint. A node that raises is not: the nodes that do not need it go on, and at the end the
    run fails and says what failed and what was left undone.

    workers : CPUs of a cluster on this machine; by default all that this process may use.
    gpus : the share of a GPU for every training, such as 0.25, or whole ones; by default what
        ``scheduling.gpu_share`` says. Where there is no GPU, none is asked for.
    retries : how often a node whose worker was killed is tried again.
    """

    def __init__(
        self,
        is_async: bool = False,
        workers: int | None = None,
        gpus: float | None = None,
        retries: int = 3,
    ):
        super().__init__(is_async=is_async)
        self.workers, self.gpus, self.retries = workers, gpus, retries
        _refuse_settings(workers, gpus, retries)

    def _get_executor(self, max_workers: int) -> Executor | None:
        return None

    def _run(
        self,
        pipeline: Pipeline,
        catalog: "CatalogProtocol[str, Any]",
        hook_manager: "PluginManager | None" = None,
        run_id: str | None = None,
    ) -> None:
        if not pipeline.nodes:
            return
        _refuse_memory(pipeline, catalog)
        project = _project()
        runs, scale = _runs(pipeline, catalog, project)
        with cluster(self.workers):
            board = Board(self._jobs(pipeline, catalog, project, runs, scale))
            nodes = {node.name: node for node in pipeline.nodes}
            submit = Submission(
                nodes, catalog, project, scale, run_id, self._is_async, self.retries
            )
            with View(board, scale) as view:
                places = dispatch(board, submit, view)
        conclude(board)
        log.info("%d nodes were done, on %d machines", len(board.finished), len(places))

    def _jobs(
        self,
        pipeline: Pipeline,
        catalog: "CatalogProtocol[str, Any]",
        project: Path,
        runs: dict[str, LockedRun],
        scale: str,
    ) -> list[Job]:
        import ray

        conf = project / "conf"
        rates = estimates.read_rates(conf, scale, runs.values()) if runs else Rates({}, {})
        protocols = catalog.load("protocols") if runs else {}
        most = max(node["Resources"].get("CPU", 0.0) for node in ray.nodes() if node["Alive"])
        placing = Placing(capacity().gpus > 0, self.gpus, most)
        return Pricing(runs, protocols, rates, placing).jobs(pipeline)


@dataclass(frozen=True)
class Submission:
    """Hands a job's node to Ray, with all that a worker needs for it."""

    nodes: Mapping[str, Node]
    catalog: "CatalogProtocol[str, Any]"
    project: Path
    scale: str
    run_id: str | None
    is_async: bool
    retries: int

    def __call__(self, job: Job) -> Any:
        node = self.nodes[job.name]
        names = dict.fromkeys((*node.inputs, *node.outputs))
        errand = Errand(
            node=node,
            datasets={name: self.catalog.get(name) for name in names},
            project=str(self.project),
            environment=self._environment,
            threads=max(1, round(job.cpus)),
            state=str(folder_of(self.scale, job.run).absolute()) if job.trains else None,
            run_id=self.run_id,
            is_async=self.is_async,
        )
        wants = {"num_cpus": job.cpus, "num_gpus": job.gpus}
        return self._remote.options(name=job.name, **wants).remote(errand)

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        return errands.environment()

    @cached_property
    def _remote(self) -> Any:
        """Made once, or Ray would send the function to every worker again with each node."""
        import ray

        return ray.remote(max_retries=self.retries, retry_exceptions=False)(errands.run)


@contextmanager
def cluster(workers: int | None = None) -> Iterator[None]:
    """A Ray cluster: the one that this process has joined, RAY_ADDRESS's, or one of its own.

    workers : CPUs of one of its own.

    Raises
    ------
    ConfigurationError
        When Ray is not installed.
    """
    if find_spec("ray") is None:
        raise ConfigurationError(
            "RayRunner: a distributed run was asked for, but Ray is not installed. Install the "
            "extra: pip install 'gan_repro[ray]'. Or leave --runner away."
        )
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray

    if ray.is_initialized():
        yield
        return
    own = not os.environ.get(ADDRESS)
    ray.init(
        address="local" if own else None,
        num_cpus=(workers or _cores()) if own else None,
        include_dashboard=False if own else None,
        logging_level=logging.ERROR,
    )
    try:
        yield
    finally:
        ray.shutdown()


def _runs(
    pipeline: Pipeline, catalog: "CatalogProtocol[str, Any]", project: Path
) -> tuple[dict[str, LockedRun], str]:
    """The runs that a pipeline's nodes train or score, by key, and their scale."""
    keys = dict.fromkeys(key for node in pipeline.nodes if (key := owner(node)))
    if not keys:
        return {}, ""
    scale = str(catalog.load(f"{next(iter(keys))}.run")["scale"])
    locked = locks.read_runs(project / "conf", scale)
    return {run.key: run for run in locked if run.key in keys}, scale


def _refuse_memory(pipeline: Pipeline, catalog: "CatalogProtocol[str, Any]") -> None:
    made = {name for node in pipeline.nodes for name in node.outputs}
    kept_nowhere = sorted(name for name in made if getattr(catalog.get(name), "_EPHEMERAL", False))
    if kept_nowhere:
        raise ConfigurationError(
            f"RayRunner: {', '.join(kept_nowhere)}: would lie in one worker's memory, where no "
            "other process finds it. Give each an entry with a file in conf/base/catalog.yml, or "
            "run without --runner."
        )


def _refuse_settings(workers: int | None, gpus: float | None, retries: int) -> None:
    faults = []
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        faults.append(f"workers: expected a whole number from 1, got {workers!r}")
    if gpus is not None and not (0 < gpus <= 1 or (gpus > 1 and gpus == int(gpus))):
        faults.append(f"gpus: expected a share of one GPU in (0, 1], or whole ones, got {gpus!r}")
    if not isinstance(retries, int) or retries < 0:
        faults.append(f"retries: expected a whole number from 0, got {retries!r}")
    if faults:
        raise ConfigurationError(f"--runner-params: {'; '.join(faults)}.")


def _project() -> Path:
    found = find_kedro_project(Path.cwd())
    if found is None:
        raise ConfigurationError(
            f"RayRunner: {Path.cwd()} lies in no Kedro project, so workers would not know theirs. "
            "Change into the project's folder."
        )
    return Path(found)


def _cores() -> int:
    """CPUs that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux
    return len(affinity(0)) if affinity else os.cpu_count() or 1
