"""What networks that learn alone share, the suite's instruments: their settings and their game."""

from pydantic import Field
from torch import nn

from gan_repro.game import Adam, Game, TermsFunction, Turn
from gan_repro.kinds import Spec


class AloneSettings(Spec):
    """Adam's, ours: the sources of some instruments take SGD, which the engine does not have."""

    learning_rate: float = Field(default=2e-3, gt=0)
    beta1: float = 0.9
    beta2: float = 0.999

    def game(
        self,
        name: str,
        network: nn.Module,
        terms: TermsFunction,
        only_labelled: bool = False,
        streams: tuple[str, ...] = (),
    ) -> Game:
        """The game of one player; its learning rate falls linearly to 0."""
        adam = Adam(
            learning_rate=self.learning_rate, beta1=self.beta1, beta2=self.beta2, decay="linear"
        )
        return Game(
            players={name: network},
            turns=(Turn(name, frozenset({name}), terms),),
            optimisers={name: adam},
            published=(name,),
            streams=streams,
            only_labelled=only_labelled,
        )
