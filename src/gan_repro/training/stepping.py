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

    def begin(self, clock: Clock) -> None:
        """Begin a round: set every learning rate, and let CUDA graphs use their memory again."""
        if self.engine.compile == "cuda_graphs":
            torch.compiler.cudagraph_mark_step_begin()
        for name, setting in self.game.optimisers.items():
            left = 1.0
            if setting.decay == "linear":
                left = min(left, (1.0 - clock.fraction) / (1.0 - setting.decay_start))
            for group in self.optimisers[name].param_groups:
                group["lr"] = setting.learning_rate * left

    def __call__(self, turn: Turn, evaluate: Callable[[], Terms]) -> Terms:
        """Evaluate the turn's terms, and move its players down the gradient of their sum."""
        movers = [self.optimisers[name] for name in sorted(turn.players)]
        for optimiser in movers:
            _learns(optimiser, True)
        with autocast(self.engine, self.device):
            terms = evaluate()
        torch.stack([loss.float() for loss in terms.losses.values()]).sum().backward()
        for optimiser in movers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            _learns(optimiser, False)
        return terms

    def moments(self, player: str, parameter: str) -> dict[str, Tensor]:
        """What the player's optimiser keeps in the shape of the parameter; empty before a step."""
        weight = self.game.players[player].get_parameter(parameter)
        kept = self.optimisers[player].state[weight]
        return {name: value for name, value in kept.items() if value.shape == weight.shape}

    def restart(self, player: str) -> None:
        """Forget what the player's optimiser keeps; its next step is like its first."""
        self.optimisers[player].state.clear()


def _learns(optimiser: torch.optim.Optimizer, learns: bool) -> None:
    """Whether the parameters get a gradient; a walk through the modules takes ten times longer."""
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            parameter.requires_grad_(learns)


def _optimiser(parameters: object, setting: Adam) -> torch.optim.Adam:
    return torch.optim.Adam(
        parameters,  # type: ignore[arg-type]
        lr=setting.learning_rate,
        betas=(setting.beta1, setting.beta2),
        eps=setting.epsilon,
        fused=True,
    )
