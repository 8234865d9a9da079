"""What a round costs, counted: the operations of its matrix products and convolutions.

Counted, not timed, so that any machine can say what a run will ask of another one. The formulas are
PyTorch's own (``torch.utils.flop_counter``): a multiplication and an addition are two operations;
normalisation, activations and optimisers count as none.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro import atomic, datacard, kinds, locks
from gan_repro.images import ImageSet, ImageShape
from gan_repro.locks import LockedRun
from gan_repro.runs import RunSpec

if TYPE_CHECKING:
    from torch import Tensor

    from gan_repro.game import Clock
    from gan_repro.training.table import Table

MOMENTS = (0.25, 0.75)
"""Shares of the run whose rounds are counted and averaged: acts and schedules change a round."""
FEW, MORE = 2, 4
"""Batch sizes of rounds that must be played: the count is linear in the batch."""
HEADER = "# What each family's rounds cost, counted. Written by `kedro count-work`; do not edit.\n"


@dataclass(frozen=True)
class Work:
    """Of one family's runs.

    of : a hash of what was counted; another one is counted anew.
    flops : of a round.
    snapshot_bytes : of the published players' weights, kept once.
    state_bytes : of a checkpoint: all players and their optimisers' moments, about.
    """

    of: str
    flops: float
    snapshot_bytes: int
    state_bytes: int


def path(conf: Path, scale: str) -> Path:
    """Where the counts of a scale lie."""
    return conf / scale / "work.yml"


def read(conf: Path, scale: str) -> dict[str, Work]:
    """``paper.family`` -> its work; empty where nothing was counted."""
    file = path(conf, scale)
    found = locks.load_fast(file) if file.is_file() else {}
    return {name: Work(**own) for name, own in found.items()}


def write(conf: Path, scale: str, runs: Iterable[LockedRun], say: Callable[[str], None]) -> Path:
    """Count the families of a lock that were not counted yet, by their first runs; the file.

    Families whose rounds are the same but for labels are counted once.

    say : called with each family's name before it is counted.
    """
    known = {work.of: work for work in read(conf, scale).values()}
    counts: dict[str, Work] = {}
    for run in runs:
        family = family_of(run)
        if not run.trained or family in counts:
            continue
        spec = RunSpec(**run.train)
        if identity(spec) not in known:
            say(family)
            known[identity(spec)] = count(spec, conf)
            _keep(conf, scale, read(conf, scale) | {family: known[identity(spec)]})
        counts[family] = known[identity(spec)]
    return _keep(conf, scale, counts)


def _keep(conf: Path, scale: str, counts: Mapping[str, Work]) -> Path:
    text = locks.dump({name: asdict(work) for name, work in counts.items()})
    atomic.write_text(path(conf, scale), HEADER + text)
    return path(conf, scale)


def family_of(run: LockedRun) -> str:
    """``paper.family``."""
    return f"{run.paper}.{run.family}"


def identity(run: RunSpec) -> str:
    """A hash of what a round's cost depends on: not seeds, and of classes not which."""
    labels = "classes" if run.labels.names_classes else run.labels.model_dump(mode="json")
    decisive = [run.method, run.dataset, run.rounds, run.batch_size, labels]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


def count(run: RunSpec, conf: Path) -> Work:
    """Count the operations of a run's rounds, and the bytes of its networks.

    Four significant digits of the operations are kept; the rest depends on PyTorch's version.
    """
    table = _table(run, conf, run.batch_size)
    players = table.game.players
    published = sum(_bytes(players[name].state_dict()) for name in table.game.published)
    learning = sum(_bytes(dict(players[name].named_parameters())) for name in table.game.optimisers)
    everything = sum(_bytes(player.state_dict()) for player in players.values())
    averages = sum(_bytes(copy.state_dict()) for copy in table.averages.copies.values())
    state = everything + averages + 2 * learning
    flops = float(f"{_flops(run, conf, table):.4g}")
    return Work(identity(run), flops, published + averages, state)


def _flops(run: RunSpec, conf: Path, table: "Table") -> float:
    """Operations of a round, in the mean over ``MOMENTS``; spoils the table."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    from gan_repro.game import Clock

    clocks = [Clock(int(share * run.rounds), run.rounds) for share in MOMENTS]
    try:
        shapes_only = FakeTensorMode(allow_non_fake_inputs=True)  # computes nothing
        return float(np.mean([_played(table, clock, shapes_only) for clock in clocks]))
    except RuntimeError:  # the round needs values: it looks at its losses
        small = [_table(run, conf, size) for size in (FEW, MORE)]
        few, more = (float(np.mean([_played(one, clock) for clock in clocks])) for one in small)
        return few + (more - few) / (MORE - FEW) * (run.batch_size - FEW)


def _played(
    table: "Table", clock: "Clock", mode: AbstractContextManager[object] | None = None
) -> float:
    with mode or nullcontext(), _counter() as counter:
        table.play(clock)
    return float(counter.total)


def _counter() -> Any:
    """PyTorch's formulas, without its tracking of modules, which gradient penalties break."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    class Counter(TorchDispatchMode):
        total = 0

        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            formula = flop_registry.get(func._overloadpacket)
            self.total += formula(*args, **(kwargs or {}), out_val=out) if formula else 0
            return out

    return Counter()


def _table(run: RunSpec, conf: Path, size: int) -> "Table":
    """The run at its table, on the CPU, with noise for images and labels."""
    from gan_repro.training.table import lay

    engine = run.engine.model_copy(update={"device": "cpu", "precision": "float32"})
    small = run.model_copy(update={"batch_size": size, "engine": engine})
    card = datacard.read_card(run.dataset, conf)
    shape, classes = ImageShape(*card.shape), len(card.classes)
    items = max(64, size)
    pixels = np.random.default_rng(0).integers(0, 256, (items, *shape), dtype=np.uint8)
    images = ImageSet(pixels, np.arange(items) % classes, classes)
    labels = images.labels
    if not run.labels.names_classes:
        labels = np.random.default_rng(0).dirichlet(np.ones(run.labels.size(classes)), items)
        labels = labels.astype(np.float32)
    return lay(small, images, labels, _upstream(small, shape, classes))


def _upstream(run: RunSpec, shape: ImageShape, classes: int) -> "dict[str, Tensor] | None":
    """Fresh weights for the players that another run would have trained."""
    module = kinds.find("methods", run.method["kind"])
    game = module.build(run.settings(), shape, run.labels.size(classes))
    return {
        f"00000001/{there}/{key}": value
        for player, there in game.upstream.items()
        for key, value in game.players[player].state_dict().items()
    } or None


def _bytes(tensors: "Mapping[str, Tensor]") -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
