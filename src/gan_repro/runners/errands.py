"""A node in a worker's process, as it would run in a session: same folder, settings and hooks."""

import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_repro.errors import TrainingError
from gan_repro.training import folder

if TYPE_CHECKING:
    from kedro.pipeline import Node
    from pluggy import PluginManager

LOCK_PATIENCE = 120.0
"""Seconds to wait for the state of a run whose last process was killed: the system frees its lock
at once, a network file system when a lease has run out."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
HANDED_OVER = ("GAN_REPRO_", "KEDRO_LOGGING_CONFIG")
"""Beginnings of the names of environment variables that workers get from the runner's process."""
TOLD_BY_THE_RUNNER = ("gan_repro.hooks", "gan_repro.training.progress")
"""Loggers of what the runner's one view of all runs shows."""


@dataclass(frozen=True)
class Errand:
    """What a worker needs to run a node.

    datasets : the node's own inputs and outputs.
    project : the project's folder, the same path on every machine.
    environment : variables of the runner's process; see ``environment``.
    threads : of the processor, in numerical libraries.
    state : the folder of the run that the node trains; None where it trains none.
    """

    node: "Node"
    datasets: Mapping[str, Any]
    project: str
    environment: Mapping[str, str]
    threads: int
    state: str | None
    run_id: str | None
    is_async: bool


def environment() -> dict[str, str]:
    """What workers get of this process's environment, with the place of the state made absolute."""
    found = {name: value for name, value in os.environ.items() if name.startswith(HANDED_OVER)}
    state = Path(os.environ.get(folder.STATE_ROOT, ".state")).absolute()
    return {**found, folder.STATE_ROOT: str(state)}


def run(errand: Errand) -> str:
    """Run the node; an exception is the node's own. Returns the machine's id, as Ray has it."""
    import ray

    os.chdir(errand.project)
    os.environ.update(errand.environment)
    os.environ.update(dict.fromkeys(THREADS, str(errand.threads)))
    hooks = _hooks(errand.project)
    if errand.state:
        _await_lock(Path(errand.state))
    from kedro.io import DataCatalog
    from kedro.runner import Task
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    catalog = DataCatalog(dict(errand.datasets))
    if "torch" in sys.modules:  # of an earlier node in this process
        sys.modules["torch"].set_num_threads(errand.threads)
    with threadpool_limits(errand.threads):
        Task(errand.node, catalog, errand.is_async, hooks, errand.run_id).execute()
    return str(ray.get_runtime_context().get_node_id())


@cache
def _hooks(project: str) -> "PluginManager":
    """The project's hooks in this process, once."""
    from kedro.framework.hooks.manager import (
        _create_hook_manager,
        _register_hooks,
        _register_hooks_entry_points,
    )
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(Path(project))
    for name in TOLD_BY_THE_RUNNER:
        logging.getLogger(name).setLevel(logging.WARNING)
    hooks = _create_hook_manager()
    _register_hooks(hooks, settings.HOOKS)
    mute = (*settings.DISABLE_HOOKS_FOR_PLUGINS, "kedro-viz")  # which follows sequential runs only
    _register_hooks_entry_points(hooks, mute)
    return hooks


def _await_lock(state: Path, patience: float = LOCK_PATIENCE) -> None:
    """Wait until nobody holds a run's state; training refuses by itself where somebody goes on."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            with folder.claimed(state):
                return
        except TrainingError:
            time.sleep(0.5)
