"""The resume state of a run: a folder that one process writes, and that refuses other runs."""

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import gan_repro
from gan_repro import atomic
from gan_repro.devices import choose, precision
from gan_repro.errors import ResumeRefusedError, TrainingError
from gan_repro.measuring import weights_sha256
from gan_repro.runs import RunSpec
from gan_repro.snapshots import Snapshots

log = logging.getLogger(__name__)

STATE_ROOT = "GAN_REPRO_STATE"
"""Environment variable: where resume state lies; ``.state`` in the working folder by default."""

NOT_DECISIVE = ("checkpoint_every", "log_every", "events")
"""Engine switches that change no weight, so that a resume may change them."""


def folder_of(scale: str, key: str) -> Path:
    """Where the state of a run lies."""
    return Path(os.environ.get(STATE_ROOT, ".state")) / scale / key


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the system frees it even when the process is killed.

    Raises
    ------
    TrainingError
        When another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TrainingError(
                f"{folder}: this run was asked for, but another process is training it. "
                "Wait for that process or stop it, then run the same command again."
            ) from error
        yield


def identity(
    run: RunSpec, images: np.ndarray, labels: np.ndarray, upstream: Snapshots | None = None
) -> dict[str, Any]:
    """What a run's weights depend on: its spec, its inputs' hashes, and its code's hash."""
    spec = run.model_dump(mode="json")
    for name in NOT_DECISIVE:
        del spec["engine"][name]
    device = choose(run.engine.device)  # what ``auto`` stands for here
    resolved = {"device": device.type, "precision": precision(run.engine.precision, device)}
    spec["engine"].update(resolved)
    inputs = {"images": _sha256(images), "labels": _sha256(labels)}
    if upstream:
        inputs["upstream"] = weights_sha256(upstream)
    return {"spec": spec, "inputs": inputs, "code": code_sha256(run.method["kind"])}


def code_sha256(method: str) -> str:
    """One hash over the files that training runs: the method, networks, losses and the engine."""
    root = Path(gan_repro.__file__).parent
    patterns = (f"methods/{method}.py", "methods/_*.py", "nets/*.py", "training/*.py")
    files = sorted(file for pattern in patterns for file in root.glob(pattern))
    names = ("game.py", "losses.py", "penalties.py", "images.py", "randomness.py")
    files += [root / name for name in names]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def admit(folder: Path, wanted: dict[str, Any], restart_on_change: bool) -> None:
    """Let a run use its folder: new, the same run, or the same run with changed code.

    Where only the code has changed, an unfinished state is resumed with a warning, and a finished
    one is moved aside. With ``restart_on_change`` any change moves the state aside.

    Raises
    ------
    ResumeRefusedError
        When spec or inputs differ, naming each difference.
    """
    file = folder / "run.json"
    if file.exists():
        found = json.loads(file.read_text())
        changes = _differences(found, wanted)
        if changes and not restart_on_change:
            raise ResumeRefusedError(
                f"{folder}: resuming was asked for, but the run has changed: {'; '.join(changes)}. "
                "A run resumes only with the settings and inputs it began with. Change them back, "
                "or start anew with `kedro run --params fresh=true`, which moves the old state "
                "aside."
            )
        if changes or found["code"] != wanted["code"]:
            if restart_on_change or (folder / "finished").exists():
                set_aside(folder)
            else:
                log.warning("%s: the code has changed since this run began; resuming", folder.name)
    atomic.write_text(file, json.dumps(wanted, indent=1, sort_keys=True) + "\n")


def set_aside(folder: Path) -> None:
    """Rename what the folder holds into ``before-TIME`` inside it."""
    aside = folder / f"before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    aside.mkdir()
    for item in folder.iterdir():
        if item.name != "lock" and not item.name.startswith("before-"):
            item.rename(aside / item.name)


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    before, now = (_flat({k: v[k] for k in ("spec", "inputs")}) for v in (found, wanted))
    names = sorted(n for n in before.keys() | now.keys() if before.get(n) != now.get(n))
    return [f"{name}: {before.get(name)!r} -> {now.get(name)!r}" for name in names]


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {name: value}
    return {
        k: v for key in value for k, v in _flat(value[key], f"{name}.{key}".lstrip(".")).items()
    }


def _sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
