"""Snapshots of a run: the published players' weights after some rounds, as flat named tensors.

A key is ``00005000/generator/blocks.0.conv1.weight``: round, player, parameter or buffer. Where a
player is averaged, its moving average stands beside it as ``00005000/generator.average/...``.
"""

from collections.abc import Mapping

from torch import Tensor

from gan_repro.errors import EvaluationError
from gan_repro.game import Game

Snapshots = Mapping[str, Tensor]


def rounds(snapshots: Snapshots) -> tuple[int, ...]:
    """The rounds after which a snapshot was taken, rising."""
    return tuple(sorted({int(key.split("/", 1)[0]) for key in snapshots}))


def flatten(weights: Mapping[str, Mapping[str, Tensor]], round_number: int) -> dict[str, Tensor]:
    """State dicts by player as one flat mapping for a given round; copies on the CPU."""
    return {
        f"{round_number:08d}/{player}/{name}": value.detach().cpu().clone().contiguous()
        for player, state in weights.items()
        for name, value in state.items()
    }


def of_player(snapshots: Snapshots, round_number: int, player: str) -> dict[str, Tensor]:
    """A player's parameters and buffers after ``round_number`` rounds; empty if it was not kept."""
    head = f"{round_number:08d}/{player}/"
    return {key.removeprefix(head): v for key, v in snapshots.items() if key.startswith(head)}


def load(game: Game, snapshots: Snapshots, round_number: int, averaged: bool = False) -> None:
    """Load the published players of ``game`` with the weights after ``round_number`` rounds.

    averaged : take the moving averages of the players that have one; refused where none has.

    Raises
    ------
    EvaluationError
        When there is no such snapshot, or no average in it.
    """
    if round_number not in rounds(snapshots):
        raise EvaluationError(
            f"snapshots: round {round_number} was asked for; kept are {rounds(snapshots)}. "
            "Choose one of these, or add the round to the run's `snapshots`."
        )
    some = any(player in game.averages for player in game.published)
    for player in game.published:
        own = player in game.averages or not some  # where none has, the first is refused
        name = f"{player}.average" if averaged and own else player
        state = of_player(snapshots, round_number, name)
        if not state:
            raise EvaluationError(
                f"snapshots: {name!r} was asked for, but this run keeps no moving average of "
                f"{player!r}. Use a protocol with `averaged: false`, or give the method an average."
            )
        game.players[player].load_state_dict(state)
