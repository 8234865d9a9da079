"""The table a game is played at: networks on their device, optimisers, data, draws, history."""

from dataclasses import dataclass

import numpy as np
import torch

from gan_repro.devices import choose
from gan_repro.errors import NonFiniteLossError, TrainingError
from gan_repro.game import Clock, Game, Intermission, play_round
from gan_repro.images import ImageSet
from gan_repro.kinds import find
from gan_repro.randomness import seed_for, torch_generator
from gan_repro.runs import RunSpec
from gan_repro.snapshots import Snapshots, flatten, of_player, rounds
from gan_repro.training.averaging import Averages
from gan_repro.training.batches import Batches
from gan_repro.training.devices import compiled, compiling
from gan_repro.training.history import History
from gan_repro.training.stepping import Stepper


@dataclass
class Table:
    """All that moves while a run is trained."""

    game: Game
    device: torch.device
    stepper: Stepper
    averages: Averages
    batches: Batches
    draws: dict[str, torch.Generator]
    history: History

    def play(self, clock: Clock) -> None:
        """Play one round, and what the game does after it."""
        step = self.stepper
        step.begin(clock)
        with compiling(step.engine):
            self.history.add(play_round(self.game, self.batches, step, self.draws, clock))
            if self.game.between_rounds:
                offer = (self.batches.in_order, step.moments, step.restart)
                self.game.between_rounds(self.game, Intermission(clock, self.draws, *offer))
        self.averages.update(clock)

    def check(self, round_number: int) -> None:
        """Refuse to keep a state that holds infinities: a last step can ruin weights unseen.

        Raises
        ------
        NonFiniteLossError
            Naming the term, or the player and what in it is no longer finite, and the round.
        """
        self.history.check(round_number)
        for name, player in self.game.players.items():
            for key, value in player.state_dict().items():
                if value.is_floating_point() and not torch.isfinite(value).all():
                    raise NonFiniteLossError(
                        f"{self.history.key}: {key!r} of the player {name!r} is not finite after "
                        f"round {round_number}. Weights must stay finite. The last good checkpoint "
                        "is kept; lower the learning rate or use precision float32."
                    )

    def snapshot(self, round_number: int) -> dict[str, torch.Tensor]:
        """The published players' weights, and their averages where kept."""
        weights = {name: self.game.players[name].state_dict() for name in self.game.published}
        for name, copy in self.averages.copies.items():
            weights[f"{name}.average"] = copy.state_dict()
        return flatten(weights, round_number)


def _label_size(run: RunSpec, images: ImageSet, labels: np.ndarray) -> int:
    """The entries of a label row; raises TrainingError where the labels have another number."""
    size = run.labels.size(images.classes)
    if labels.ndim == 2 and labels.shape[1] != size:
        raise TrainingError(
            f"{run.key}: labels of kind {run.labels.kind!r} have {labels.shape[1]} entries, "
            f"expected {size}. Make them again: kedro run --pipelines labels"
        )
    return size


def _receive(run: RunSpec, game: Game, upstream: Snapshots | None) -> None:
    """Load the players that another run has trained; raises TrainingError without them."""
    for player, there in game.upstream.items():
        if not upstream:
            raise TrainingError(
                f"{run.key}: method {run.method['kind']!r} needs a trained {there!r} as its "
                f"{player}, and no weights were given. Train it first: kedro run --pipelines "
                "reference"
            )
        game.players[player].load_state_dict(of_player(upstream, rounds(upstream)[-1], there))


def lay(
    run: RunSpec, images: ImageSet, labels: np.ndarray, upstream: Snapshots | None = None
) -> Table:
    """Build a run's table; its seed gives the weights, drawn on the CPU whatever the device.

    Of two methods with one seed, data order, dequantisation, latents and labels are the same; first
    weights are the same only for the players that both build before any other.

    upstream : snapshots of the run that trained the game's upstream players.
    """
    device = choose(run.engine.device)
    torch.manual_seed(seed_for(run.seed, "weights"))
    classes = _label_size(run, images, labels)
    module = find("methods", run.method["kind"])
    game: Game = module.build(run.settings(), images.shape, classes)
    _receive(run, game, upstream)
    for name, player in game.players.items():
        player.to(device).train(name not in game.upstream and name not in game.followers)
        if run.engine.channels_last:
            player.to(memory_format=torch.channels_last)
        if run.engine.compile:
            compiled(player, run.engine)
    for name, first in game.image_state.items():
        game.state[name] = torch.full((len(images),), first)
    # in place: a method's functions may hold the dictionary
    game.state.update({name: value.to(device) for name, value in game.state.items()})
    torch.manual_seed(seed_for(run.seed, "global"))
    return Table(
        game,
        device,
        Stepper(game, run.engine, device),
        Averages(game.players, game.averages, game.followers),
        Batches(run, images, labels, device, run.engine.channels_last, game.only_labelled),
        {name: torch_generator(run.seed, name, device) for name in game.streams},
        History(run.key),
    )
