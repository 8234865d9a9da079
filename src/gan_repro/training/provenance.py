"""Where a run's numbers come from: a sidecar, never part of a score or of a dependency."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch

from gan_repro.devices import precision
from gan_repro.runs import RunSpec

WRITTEN_BY_RUNS = (":(top,exclude)data", ":(top,exclude)docs/results")
PACKAGES = ("torch", "torchvision", "numpy", "kedro", "torch-fidelity", "gan_repro")


def describe(run: RunSpec, device: torch.device, seconds: float, resumed: int) -> dict[str, Any]:
    """Commit, versions, machine, device, threads and time of a training run."""
    return {
        "run": run.key,
        "rounds": run.rounds,
        "seed": run.seed,
        "commit": commit(),
        "device": _device_name(device),
        "threads": run.engine.threads,
        "precision": precision(run.engine.precision, device),
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in PACKAGES},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "resumed_at_round": resumed,
    }


def commit() -> str:
    """The commit of the working folder, with ``+changes`` where files differ from it.

    Those that runs write themselves don't count: a table's second run would find the first one's.
    """
    try:
        known = _git("rev-parse", "HEAD")
        changed = _git("diff", "--name-only", "HEAD", "--", ":/", *WRITTEN_BY_RUNS)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{known}+changes" if changed else known


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()})"
