"""One optimisation step of a turn: only its players' parameters get a gradient and move."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_repro.game import Adam, Clock, Game, Terms, Turn
from gan_repro.runs import Engine
from gan_repro.training.devices import autocast


class Stepper:
    """The players' optimisers, and how a turn uses them."""

    def __init__(self, game: Game, engine: Engine, device: torch.device) -> None:
        self.game, self.engine, self.device = game, engine, device
        self.optimisers = {
            name: _optimiser(game.players[name].parameters(), setting)
            for name, setting in game.optimisers.items()
        }
        for player in game.players.values():
            player.requires_grad_(False)

    def schedule(self, clock: Clock) -> None:
        """Set every learning rate for the round."""
        for name, setting in self.game.optimisers.items():
            left = 1.0
            if setting.decay == "linear":
                left = min(left, (1.0 - clock.fraction) / (1.0 - setting.decay_start))
            for group in self.optimisers[name].param_groups:
                group["lr"] = setting.learning_rate * left

    def __call__(self, turn: Turn, evaluate: Callable[[], Terms]) -> Terms:
        """Evaluate the turn's terms, and move its players down the gradient of their sum."""
        movers = sorted(turn.players)
        for name in movers:
            self.game.players[name].requires_grad_(True)
        with autocast(self.engine, self.device):
            terms = evaluate()
        torch.stack([loss.float() for loss in terms.losses.values()]).sum().backward()
        for name in movers:
            self.optimisers[name].step()
            self.optimisers[name].zero_grad(set_to_none=True)
            self.game.players[name].requires_grad_(False)
        return terms

    def moments(self, player: str, parameter: str) -> dict[str, Tensor]:
        """What the player's optimiser keeps in the shape of the parameter; empty before a step."""
        weight = self.game.players[player].get_parameter(parameter)
        kept = self.optimisers[player].state[weight]
        return {name: value for name, value in kept.items() if value.shape == weight.shape}

    def restart(self, player: str) -> None:
        """Forget what the player's optimiser keeps; its next step is like its first."""
        self.optimisers[player].state.clear()


def _optimiser(parameters: object, setting: Adam) -> torch.optim.Adam:
    return torch.optim.Adam(
        parameters,  # type: ignore[arg-type]
        lr=setting.learning_rate,
        betas=(setting.beta1, setting.beta2),
        eps=setting.epsilon,
        fused=True,
    )
