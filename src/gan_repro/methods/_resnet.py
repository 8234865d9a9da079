"""What methods on SN-GAN's ResNet share: JGAN's settings (arXiv 1905.11574, section 3), SN-GAN's
own, players and turns."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_repro.game import Adam, Draws, Game, Generated, Sampler, TermsFunction, Turn
from gan_repro.kinds import Spec


class ResnetSettings(Spec):
    """Sizes and optimiser settings that section 3 and Tables 3 and 4 give for all five methods."""

    latent_size: int = Field(default=128, ge=1)  # z in R^128, Table 3
    generator_width: int = Field(default=256, ge=1)  # Table 3
    discriminator_width: int = Field(default=128, ge=1)  # Table 4
    generator_learning_rate: float = Field(default=1e-4, gt=0)  # section 3
    discriminator_learning_rate: float = Field(default=4e-4, gt=0)  # section 3
    beta1: float = Field(default=0.5, ge=0, lt=1)  # section 3
    beta2: float = Field(default=0.999, ge=0, lt=1)  # section 3
    decay: Literal["none", "linear"] = "none"  # not mentioned

    def game(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        discriminator_terms: TermsFunction,
        generator_terms: TermsFunction,
        sampler: Sampler,
    ) -> Game:
        """One discriminator update for each generator update (section 3), which eats no images."""
        return Game(
            players={"generator": generator, "discriminator": discriminator},
            turns=(
                Turn("discriminator", frozenset({"discriminator"}), discriminator_terms),
                Turn("generator", frozenset({"generator"}), generator_terms, batch="none"),
            ),
            optimisers=self.optimisers(),
            published=("generator",),
            sampler=sampler,
        )

    def optimisers(self) -> dict[str, Adam]:
        """Adam for ``generator`` and ``discriminator``."""
        rates = {
            "generator": self.generator_learning_rate,
            "discriminator": self.discriminator_learning_rate,
        }
        return {
            player: Adam(learning_rate=rate, beta1=self.beta1, beta2=self.beta2, decay=self.decay)
            for player, rate in rates.items()
        }

    def latents(self, count: int, draws: Draws) -> Tensor:
        """z ~ N(0, I), (count, latent_size)."""
        stream = draws["latents"]
        return torch.randn(count, self.latent_size, generator=stream, device=stream.device)


class SnganSettings(ResnetSettings):
    """SN-GAN's own optimiser settings (Miyato et al. 2018; sngan_projection's configurations)."""

    generator_learning_rate: float = Field(default=2e-4, gt=0)
    discriminator_learning_rate: float = Field(default=2e-4, gt=0)
    beta1: float = Field(default=0.0, ge=0, lt=1)
    beta2: float = Field(default=0.9, ge=0, lt=1)
    decay: Literal["none", "linear"] = "linear"

    def coded_sampler(self) -> Sampler:
        """Images of latents, which are drawn, and of codes, which whoever samples must bring."""
        return Sampler(
            draw=lambda n, draws: {"latents": self.latents(n, draws)},
            generate=lambda players, inputs: Generated(
                players["generator"](inputs["latents"], inputs["codes"])
            ),
            coded=True,
        )


def uniform_labels(count: int, classes: int, draws: Draws) -> Tensor:
    """Classes drawn evenly, int64 (count,)."""
    stream = draws["labels"]
    return torch.randint(classes, (count,), generator=stream, device=stream.device)


def uniform_noise(count: int, size: int, draws: Draws) -> Tensor:
    """Numbers drawn evenly from [0, 1), (count, size), from the stream of labels."""
    stream = draws["labels"]
    return torch.rand(count, size, generator=stream, device=stream.device)
