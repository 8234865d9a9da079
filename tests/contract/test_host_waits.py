"""The host never waits for the device inside a round; where a method must, it says why here."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import tiny_runs as tiny
from gan_repro.game import Clock
from gan_repro.training.table import Table

aten = torch.ops.aten
READ = {
    aten._local_scalar_dense,  # item, int, float, bool, an if
    aten.bincount,
    aten.equal,
    aten.masked_select,
    aten.nonzero,
    aten.unique_dim,
    aten._unique2,
}
"""Operations whose value, or whose result's shape, the host reads."""
COPIED = {"cpu", "numpy", "tensor", "as_tensor", "tolist"}
"""Calls that copy between host and device, on this CPU without an operation to be seen."""
WAITING = {
    "consistency_gan": "kornia's augmentations read what they draw",
    "diffaugment_gan": "kornia's augmentations read what they draw",
    "self_labeling": "kornia's augmentations read what they draw",
    "latent_conditioning": "PyTorch's cumulative batch norm reads its counter",
    "stacked_gan": "the losses say how often a generator learns",
    "stacked_gan_end_to_end": "the losses say how often a generator learns",
}
WITHOUT = {
    "consistency_gan": {"real_weight": 0.0, "fake_weight": 0.0},
    "self_labeling": {"conditional": False},
    "stacked_gan": {"paced": False},
    "stacked_gan_end_to_end": {"paced": False},
}
"""Settings that leave out what waits."""


class Operations(TorchDispatchMode):
    """Counts what is read; ``paused`` is for PyTorch's own checks that run on CPUs alone."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()
        self.paused = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._overloadpacket in READ and not self.paused:
            self.seen[str(func)] += 1
        return func(*args, **(kwargs or {}))


class Calls(TorchFunctionMode):
    """Counts copies; one_hot looks at the labels' range on a CPU, and on CUDA it doesn't."""

    def __init__(self, operations: Operations) -> None:
        super().__init__()
        self.operations = operations

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        self.operations.seen[name] += name in COPIED
        self.operations.paused = func is F.one_hot
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.operations.paused = False


@contextmanager
def watched() -> Iterator[Counter[str]]:
    with Operations() as operations, Calls(operations):
        yield operations.seen


def waits(table: Table) -> dict[str, int]:
    """What the host waits for in the third round, in which all is warm and no class splits."""
    for number in range(2):
        table.play(Clock(number, 100))
    with watched() as seen:
        table.play(Clock(2, 100))
    return dict(+seen)


@pytest.mark.parametrize("kind", tiny.METHODS)
def test_no_round_waits_for_the_device(kind):
    found = waits(tiny.table(tiny.run(kind)))
    assert bool(found) == (kind in WAITING), (found, WAITING.get(kind))


@pytest.mark.parametrize("kind", WITHOUT)
def test_nothing_else_waits(kind):
    assert not waits(tiny.table(tiny.run(kind, settings=WITHOUT[kind])))


def test_what_waits_is_seen():
    x = torch.tensor([1.0, 2.0])
    for read in (x.sum().item, lambda: bool(x[0] > 1), x.nonzero, x.cpu, x.tolist, x.numpy):
        with watched() as seen:
            read()
        assert +seen, read
    labels = torch.tensor([0, 1])
    with watched() as seen:
        F.one_hot(labels, 2)
        (x.sum() * 2 + x.max()).sqrt_()
    assert not +seen
