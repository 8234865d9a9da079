"""A method is a game: players take turns, and one short loop plays every method.

A method's file says who the players are, which of them each turn moves, and which named loss terms
the turn sums. Optimisers, averages, schedules, precision and checkpoints are the engine's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from gan_repro.kinds import Spec

Players = Mapping[str, nn.Module]
Draws = Mapping[str, torch.Generator]
Memory = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """A batch of real data.

    images : float tensor (n, channels, height, width), scaled for the networks.
    labels : int64 tensor (n,) or float tensor (n, classes).
    index : int64 tensor (n,), the images' places in their set.
    """

    images: Tensor
    labels: Tensor
    index: Tensor


@dataclass(frozen=True)
class Clock:
    """The round being played, counted from 0, of how many."""

    round: int
    total: int

    @property
    def fraction(self) -> float:
        """The share of the run that lies behind, in [0, 1)."""
        return self.round / self.total


@dataclass(frozen=True)
class Terms:
    """What a turn returns: weighted losses, which are summed, and observations, only logged."""

    losses: Mapping[str, Tensor]
    observed: Mapping[str, Tensor] = field(default_factory=dict)


class TermsFunction(Protocol):
    """The loss terms of one turn; ``memory`` passes values between the turns of one round."""

    def __call__(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms: ...


@dataclass(frozen=True)
class Turn:
    """One step of some players.

    players : whose parameters move; no other parameter gets a gradient.
    terms : the losses and observations.
    batch : ``next`` takes fresh real data, ``same`` the last turn's, ``none`` takes none
        (a generator's turn that uses no images must not eat any).
    every : played in rounds divisible by this.
    repeats : how often in a row, or a function of the last terms and the clock (Stacked GAN's
        thresholds).
    """

    name: str
    players: frozenset[str]
    terms: TermsFunction
    batch: Literal["next", "same", "none"] = "next"
    every: int = 1
    repeats: int | Callable[[Mapping[str, Mapping[str, Tensor]], Clock], int] = 1


@dataclass(frozen=True)
class Intermission:
    """What the engine offers a game between two rounds.

    clock : of the round that was just played.
    draws : the run's random generators, those that the terms use.
    images : yields every image once, in the data's order, scaled for the networks, in float tensors
        (n, channels, height, width) of the run's batch size; the last may be smaller. Disturbs no
        random stream, and is the same in every call.
    moments : (player, parameter) -> the tensors of the parameter's shape that its optimiser keeps
        (Adam: ``exp_avg`` and ``exp_avg_sq``), to be edited in place.
    restart : makes a player's optimiser forget all it keeps, as at the beginning of a new act.
    """

    clock: Clock
    draws: Draws
    images: Callable[[], Iterator[Tensor]]
    moments: Callable[[str, str], Mapping[str, Tensor]]
    restart: Callable[[str], None]


class Adam(Spec):
    """Settings of one player's Adam optimiser (Kingma and Ba 2015).

    decay_start : share of the run after which a linear decay begins.
    """

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decay: Literal["none", "linear"] = "none"  # linear: to 0 at the end of the run
    decay_start: float = Field(default=0.0, ge=0, lt=1)


class Average(Spec):
    """An exponential moving average of a player's parameters and buffers, moved once a round.

    decay : weight of the old value in every round, whatever their number; or, in its place,
    memory : share of the run over which a value fades to 1/e: decay 1 - 1 / (memory * rounds).
    start : share of the run after which averaging starts; before it the average copies.
    """

    decay: float | None = Field(default=None, ge=0, lt=1)
    memory: float | None = Field(default=None, gt=0)
    start: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if (self.decay is None) == (self.memory is None):
            raise ValueError(
                f"expected either decay or memory, got decay {self.decay} and memory {self.memory}"
            )
        return self

    def weight_of_old(self, clock: Clock) -> float:
        """The decay in the round just played; 0 before ``start``, and within one round's memory.

        >>> round(Average(memory=0.08).weight_of_old(Clock(0, 125_000)), 6)
        0.9999
        """
        if clock.fraction < self.start:
            return 0.0
        if self.memory is None:
            assert self.decay is not None
            return self.decay
        return max(0.0, 1.0 - 1.0 / (self.memory * clock.total))


@dataclass(frozen=True)
class Generated:
    """Generated images in the networks' scaling, and their labels where the method has any."""

    images: Tensor
    labels: Tensor | None = None


@dataclass(frozen=True)
class Sampler:
    """How to sample from a finished game.

    draw : (n, draws) -> the inputs of n samples, as named tensors whose first axis is n.
    generate : (players, inputs) -> the samples; depends on each row of the inputs alone.
    coded : whether ``generate`` needs, beside what ``draw`` gives, ``codes``: float rows (n, size),
        of real images, which cannot be drawn.
    classes : how many classes the labels of samples name, where these are the method's own and not
        those that it trains on; None elsewhere.
    """

    draw: Callable[[int, Draws], dict[str, Tensor]]
    generate: Callable[[Players, Mapping[str, Tensor]], Generated]
    coded: bool = False
    classes: int | None = None


@dataclass(frozen=True)
class Follower:
    """A player that never learns: the moving average of another one.

    of : whom it follows; equal to it at first.
    average : how slowly.
    """

    of: str
    average: Average


@dataclass
class Game:
    """Players, their turns, and everything that a checkpoint must hold.

    players : the networks by name.
    turns : in the order in which they are played in each round.
    optimisers : one setting a player that learns.
    published : the players whose weights a snapshot keeps (what sampling or inference needs).
    sampler : how to draw samples; None for a game that makes no images.
    streams : names of the random generators that the terms use.
    state : named tensors besides weights (codebooks, historical averages, changing labels).
    image_state : names and first values; the engine adds an int64 tensor to ``state`` for each,
        with one entry an image, in the data's order (``Batch.index`` points into it).
    only_labelled : whether images whose label is missing are left out of the batches.
    upstream : players whose weights another run has trained, by the name they had there; they never
        learn, and stay in inference mode. That run trains the extractor which the method's setting
        ``encoder`` names.
    averages : moving averages by player, which no turn sees; a snapshot keeps both.
    followers : players that are moving averages of others, and that turns see; they stay in
        inference mode.
    labeller : (players, images) -> class probabilities, float (n, classes), that the game itself
        gives real images, each alone; None where it labels nothing.
    between_rounds : called after each round, with the game and its intermission.
    """

    players: dict[str, nn.Module]
    turns: tuple[Turn, ...]
    optimisers: Mapping[str, Adam]
    published: tuple[str, ...]
    sampler: Sampler | None = None
    streams: tuple[str, ...] = ("latents", "labels")
    state: dict[str, Tensor] = field(default_factory=dict)
    image_state: Mapping[str, int] = field(default_factory=dict)
    only_labelled: bool = False
    upstream: Mapping[str, str] = field(default_factory=dict)
    averages: Mapping[str, Average] = field(default_factory=dict)
    followers: Mapping[str, Follower] = field(default_factory=dict)
    labeller: Callable[[Players, Tensor], Tensor] | None = None
    between_rounds: "Callable[[Game, Intermission], None] | None" = None


def play_round(
    game: Game,
    batches: Iterator[Batch],
    step: Callable[[Turn, Callable[[], Terms]], Terms],
    draws: Draws,
    clock: Clock,
) -> dict[str, dict[str, Tensor]]:
    """Play every turn that is due once, and return each turn's last terms, detached.

    step : moves the turn's players down the gradient of the sum of the losses it evaluates.
    """
    memory: Memory = {}
    played: dict[str, dict[str, Tensor]] = {}
    batch: Batch | None = None
    for turn in game.turns:
        if clock.round % turn.every:
            continue
        repeats = turn.repeats if isinstance(turn.repeats, int) else turn.repeats(played, clock)
        for _ in range(repeats):
            if turn.batch == "next":
                batch = next(batches)
            seen = None if turn.batch == "none" else batch
            terms = step(turn, partial(turn.terms, game.players, seen, draws, clock, memory))
            named = {**terms.losses, **terms.observed}
            played[turn.name] = {name: value.detach() for name, value in named.items()}
    return played
