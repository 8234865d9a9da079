"""Tiny runs of every method on a few real digits, in this process or in one that can be killed."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from gan_repro import kinds
from gan_repro.datasets import digits as digits_file
from gan_repro.images import ImageSet, LabelSet
from gan_repro.nets.stacked_encoder import Encoder
from gan_repro.runs import RunSpec
from gan_repro.training import folder, train
from gan_repro.training.table import Table, lay

METHODS = kinds.names("methods")
PATIENCE = 120.0
"""Seconds after which a process that should have done something is given up."""

Result = tuple[dict[str, Tensor], pd.DataFrame, dict[str, Any]]


@cache
def digits() -> ImageSet:
    """The first 100 training digits, 8 x 8."""
    return digits_file.read(Path(), "train").first(100)


def method(kind: str, **changes: Any) -> dict[str, Any]:
    """A method at width 4 and with 8 latents, which splits classes of more than 10 images."""
    fields = kinds.find("methods", kind).Settings.model_fields
    small = {name: 4 for name in fields if name.endswith("width")}
    small |= {name: 8 for name in fields if name == "latent_size"}
    small |= {name: 10 for name in fields if name == "least_images"}
    small |= {name: 3 for name in fields if name == "condition_size"}
    small |= {name: 5 for name in fields if name == "encoder_top"}
    small |= {name: (2, 3) for name in fields if name == "encoder_widths"}
    return {"kind": kind, **small, **changes}


def run(
    kind: str, engine: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:  # fmt: skip
    """A run of ``rounds`` 4 and ``batch_size`` 6; ``changes`` replace its entries."""
    return {
        "key": f"test.{kind}.clean.seed0",
        "scale": "test",
        "dataset": "digits",
        "method": method(kind, **(settings or {})),
        "seed": 0,
        "rounds": 4,
        "batch_size": 6,
        "engine": {"device": "cpu", "threads": 1, **(engine or {})},
        **changes,
    }


def table(run: dict[str, Any], images: ImageSet | None = None) -> Table:
    """A run's table, laid for play, with PyTorch's global generator as the run seeds it."""
    images = images or digits()
    spec = RunSpec(**run)
    return lay(spec, images, images.labels, upstream(spec, images))


def upstream(run: RunSpec, images: ImageSet) -> dict[str, Tensor] | None:
    """Fresh weights of the encoder that a run's method builds on; None where it builds on none."""
    settings = run.settings()
    if not hasattr(settings, "encoder_widths"):
        return None
    with torch.random.fork_rng():
        torch.manual_seed(0)
        size = run.labels.size(images.classes)
        network = Encoder(images.shape, size, settings.encoder_widths, settings.encoder_top)
    return {f"00000001/stacked_encoder/{k}": v for k, v in network.state_dict().items()}


def home(root: Path, run: dict[str, Any]) -> Path:
    """Where a run's state lies under the state root ``root``."""
    with state_in(root):
        return folder.folder_of(run["scale"], run["key"])


@contextmanager
def state_in(root: Path) -> Iterator[None]:
    """Resume state lies under ``root`` meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(folder.STATE_ROOT, str(root))
        yield


def trained(
    run: dict[str, Any], root: Path, labels: np.ndarray | None = None,
    images: ImageSet | None = None, **options: bool,
) -> Result:  # fmt: skip
    """Train on the digits in this process, with the state under ``root``."""
    images = images or digits()
    with state_in(root):
        given = LabelSet(images.labels if labels is None else labels, {})
        return train(run, images, given, upstream=upstream(RunSpec(**run), images), **options)


def _train_in_a_child(run: dict[str, Any], root: str) -> None:
    trained(run, Path(root))


@cache
def _forks() -> multiprocessing.context.ForkServerContext:
    """A server whose children have imported the slow libraries already."""
    context = multiprocessing.get_context("forkserver")
    modules = [f"gan_repro.methods.{name}" for name in METHODS]
    context.set_forkserver_preload(
        ["pytest", "sklearn.datasets", "gan_repro.training.loop", "torch._dynamo", *modules]
    )
    return context


@contextmanager
def training(run: dict[str, Any], root: Path) -> Iterator[BaseProcess]:
    """Train in another process; it has ended when this context has."""
    process = _forks().Process(target=_train_in_a_child, args=(run, str(root)))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def kill(process: BaseProcess) -> None:
    """SIGKILL, which no program can catch; the process must have been running."""
    assert process.is_alive(), f"ended by itself, with code {process.exitcode}"
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def wait_until(condition: Callable[[], bool], process: BaseProcess) -> None:
    """Look every millisecond while ``process`` runs."""
    start = time.monotonic()
    while not condition():
        assert process.is_alive(), f"ended too early, with code {process.exitcode}"
        assert time.monotonic() - start < PATIENCE, "nothing happened"
        time.sleep(0.001)


def checkpoint_round(folder: Path) -> int:
    """The round of the newest checkpoint; 0 if there is none."""
    head = folder / "checkpoint.json"
    return json.loads(head.read_text())["round"] if head.exists() else 0


def checkpoint(folder: Path) -> dict[str, Tensor]:
    """The tensors of the newest checkpoint."""
    return load_file(folder / json.loads((folder / "checkpoint.json").read_text())["file"])


def killed_midway(run: dict[str, Any], root: Path) -> Path:
    """Kill a training process once it has a checkpoint; the folder that it left."""
    place = home(root, run)
    with training(run, root) as process:
        wait_until(lambda: checkpoint_round(place) > 0, process)
        kill(process)
    assert 0 < checkpoint_round(place) < run["rounds"]
    return place


def assert_same(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Equal to the bit."""
    assert found.keys() == expected.keys()
    different = [key for key in expected if not torch.equal(found[key], expected[key])]
    assert not different, f"differ: {different}"


def assert_whole(place: Path) -> None:
    """Every file of a run's folder that isn't temporary can be read to its end."""
    for file in place.iterdir():
        if file.name.startswith("."):
            assert ".part" in file.name
        elif file.suffix == ".json":
            json.loads(file.read_text())
        elif file.suffix == ".safetensors":
            load_file(file)
        else:
            assert file.name in {"lock", "finished"}, file.name
            assert os.path.getsize(file) == 0
