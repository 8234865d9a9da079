"""The turns of a game on BigGAN, each with the same draws, beside what went into them."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro.game import Batch, Clock, Draws, Game, Terms
from gan_repro.images import MISSING

LABELS = torch.tensor([3, MISSING, 1, 9, MISSING, 0])
REAL = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(3)).tanh()

START = Clock(0, 1)


class Played(NamedTuple):
    """What the turns said, by name, of the real images ``REAL`` and of these.

    labels : rows (6, K) of the generated images, or None.
    """

    terms: dict[str, Terms]
    latents: Tensor
    labels: Tensor | None
    fake: Tensor


def laid(kind: str, **settings: Any) -> Game:
    """A tiny game in inference mode, in which power iterations stand still.

    The generator's batch norms have seen some samples: with fresh ones all images are grey. The
    discriminator has 12 features: of 4 all may be negative, and then scores are all alike.
    """
    torch.manual_seed(0)
    game = tiny.table(tiny.run(kind, settings={"discriminator_width": 12, **settings})).game
    for module in game.players["generator"].modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # from the first batch on, the mean of all
    with torch.no_grad():
        game.sampler.generate(game.players, game.sampler.draw(30, draws(game)))
    for player in game.players.values():
        player.eval()
    return game


def draws(game: Game, seed: int = 7) -> Draws:
    """The game's streams, each from the same seed."""
    return {name: torch.Generator().manual_seed(seed) for name in game.streams}


def play(game: Game, labels: Tensor = LABELS, clock: Clock = START, seeds: int = 1) -> Played:
    """Evaluate every turn; with one seed, all of them draw the same latents and classes.

    seeds : 2 gives the generator's turn, the last, draws of its own.
    """
    batch, memory = Batch(REAL, labels, torch.arange(6)), {}
    terms = {}
    for turn in game.turns:
        seed = 8 if seeds == 2 and turn is game.turns[-1] else 7
        seen = None if turn.batch == "none" else batch
        terms[turn.name] = turn.terms(game.players, seen, draws(game, seed), clock, memory)
    inputs = game.sampler.draw(6, draws(game))
    classes = inputs.get("labels")
    rows = None if classes is None else torch.eye(game.sampler.classes)[classes]
    with torch.no_grad():
        fake = game.players["generator"](inputs["latents"], rows)
    return Played(terms, inputs["latents"], rows, fake)


def score(game: Game, images: Tensor, labels: Tensor | None) -> Tensor:
    """D's scores (n,), in a pass of their own."""
    with torch.no_grad():
        return game.players["discriminator"](images, labels)
