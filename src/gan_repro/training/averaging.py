"""Exponential moving averages of players, kept by the loop and never by a method."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import nn

from gan_repro.game import Average, Clock


class Averages:
    """One averaged copy of each player that asks for it; parameters and float buffers move."""

    def __init__(self, players: Mapping[str, nn.Module], settings: Mapping[str, Average]) -> None:
        self.settings = settings
        self.players = players
        self.copies = {name: deepcopy(players[name]).requires_grad_(False) for name in settings}

    @torch.no_grad()
    def update(self, clock: Clock) -> None:
        """average <- decay * average + (1 - decay) * player; a plain copy before ``start``."""
        for name, copy in self.copies.items():
            setting = self.settings[name]
            decay = setting.decay if clock.fraction >= setting.start else 0.0
            current = self.players[name].state_dict()
            for key, value in copy.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(current[key], 1.0 - decay)
                else:
                    value.copy_(current[key])
