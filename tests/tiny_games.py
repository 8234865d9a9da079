"""Games of a few numbers, and data for them: the engine's parts are tested on these."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro.game import Adam, Average, Clock, Game, Terms, Turn
from gan_repro.images import MISSING, ImageSet
from gan_repro.randomness import torch_generator
from gan_repro.runs import Engine, RunSpec
from gan_repro.training.averaging import Averages
from gan_repro.training.batches import Batches
from gan_repro.training.history import History
from gan_repro.training.stepping import Stepper
from gan_repro.training.table import Table

CPU = torch.device("cpu")


def numbered(count: int) -> ImageSet:
    """Images 2 x 2 whose pixels and label are their number."""
    number = np.arange(count, dtype=np.uint8)
    pixels = np.broadcast_to(number[:, None, None, None], (count, 1, 2, 2))
    return ImageSet(pixels, number.astype(np.int64), count)


def batches(
    count: int, size: int, seed: int = 0, pixels: str = "dequantised", missing: tuple[int, ...] = ()
) -> Batches:
    """Batches of numbered images; those in ``missing`` have no label, and are left out."""
    run = tiny.run("sngan", batch_size=size, seed=seed, pixels=pixels)
    images = numbered(count)
    labels = np.where(np.isin(images.labels, missing), MISSING, images.labels)
    return Batches(RunSpec(**run), images, labels, CPU, only_labelled=bool(missing))


def linear_game(turns: tuple[Turn, ...], **changes: object) -> Game:
    players = {"one": nn.Linear(1, 1, bias=False), "two": nn.Linear(1, 1, bias=False)}
    optimisers = {name: Adam(learning_rate=0.1) for name in players}
    return Game(players, turns, **({"optimisers": optimisers, "published": ("one",)} | changes))


def push(player: str) -> Callable[..., Terms]:
    return lambda players, batch, draws, clock, memory: Terms(
        {"up": -players[player].weight.sum()}, {"seen": torch.tensor(-1 if batch is None else 1)}
    )


def turn(name: str, **changes: object) -> Turn:
    return Turn(name, frozenset({name}), push(name), **changes)


class Everything(nn.Module):
    """A player with dropout, batch norm and a scalar parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3))
        self.norm = nn.BatchNorm1d(3)
        self.gain = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * self.norm(self.layers(x)).square().mean()


def eventful(seed: int) -> Table:
    """A table with all that a checkpoint must hold: state, averages, draws, sitting-out turns."""
    torch.manual_seed(seed)

    def terms(players, batch, draws, clock, memory) -> Terms:
        noise = torch.randn(batch.images.shape, generator=draws["latents"])
        loss = players["one"](batch.images + noise) * (1 + game.state["centre"].mean())
        return Terms({"loss": loss})

    def between(game: Game, clock: Clock) -> None:
        game.state["centre"].add_(torch.rand(2))

    game = Game(
        players={"one": Everything(), "two": nn.Linear(1, 1, bias=False)},
        turns=(Turn("one", frozenset({"one"}), terms), turn("two", batch="none", every=3)),
        optimisers={"one": Adam(learning_rate=0.1, decay="linear"), "two": Adam(learning_rate=1)},
        published=("one",),
        state={"centre": torch.zeros(2)},
        averages={"one": Average(decay=0.9)},
        between_rounds=between,
    )
    stepper, source = Stepper(game, Engine(), CPU), batches(20, 6)
    draws = {name: torch_generator(seed, name) for name in game.streams}
    averages = Averages(game.players, game.averages)
    return Table(game, CPU, stepper, averages, source, draws, History("run"))
