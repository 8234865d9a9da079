"""Exponential moving averages of players, kept by the loop and never by a method."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import nn

from gan_repro.game import Average, Clock, Follower


class Averages:
    """One averaged copy of each player that asks for it; parameters and float buffers move.

    followers : players, found among ``players``, that are averages of others; they move likewise,
        and start equal to whom they follow.
    """

    def __init__(
        self,
        players: Mapping[str, nn.Module],
        settings: Mapping[str, Average],
        followers: Mapping[str, Follower] | None = None,
    ) -> None:
        self.settings = settings
        self.players = players
        self.copies = {name: deepcopy(players[name]).requires_grad_(False) for name in settings}
        self.followers = followers or {}
        for name, follower in self.followers.items():
            players[name].load_state_dict(players[follower.of].state_dict())

    @torch.no_grad()
    def update(self, clock: Clock) -> None:
        """average <- decay * average + (1 - decay) * player; a plain copy before ``start``."""
        for name, copy in self.copies.items():
            _move(copy, self.players[name], self.settings[name].weight_of_old(clock))
        for name, follower in self.followers.items():
            decay = follower.average.weight_of_old(clock)
            _move(self.players[name], self.players[follower.of], decay)


def _move(average: nn.Module, player: nn.Module, decay: float) -> None:
    current, moved = player.state_dict(), []
    for key, value in average.state_dict().items():
        if value.is_floating_point():
            moved.append((value, current[key]))
        else:
            value.copy_(current[key])
    old, new = zip(*moved, strict=True)
    torch._foreach_lerp_(old, new, 1.0 - decay)  # few kernels on CUDA
