"""What the Wasserstein methods with a gradient penalty share: settings, players, turns.

Gulrajani et al. 2017 (arXiv 1704.00028); the constants are those of improved_wgan_training at
fa66c57, gan_cifar_resnet.py, named here by its names.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_repro.game import Adam, Draws, Game, Sampler, TermsFunction, Turn
from gan_repro.kinds import Spec


class WassersteinSettings(Spec):
    """Sizes and optimiser settings of the CIFAR-10 ResNet."""

    latent_size: int = Field(default=128, ge=1)  # Generator
    generator_width: int = Field(default=128, ge=1)  # DIM_G
    critic_width: int = Field(default=128, ge=1)  # DIM_D
    learning_rate: float = Field(default=2e-4, gt=0)  # LR; DECAY: linearly to 0
    beta1: float = Field(default=0.0, ge=0, lt=1)  # gen_opt, disc_opt
    beta2: float = Field(default=0.9, ge=0, lt=1)  # gen_opt, disc_opt
    critic_steps: int = Field(default=5, ge=1)  # N_CRITIC
    fakes_per_image: int = Field(default=2, ge=1)  # GEN_BS_MULTIPLE, in the generator's turn
    penalty_weight: float = Field(default=10.0, ge=0)  # lambda, section 4

    def game(
        self,
        generator: nn.Module,
        critic: nn.Module,
        critic_terms: TermsFunction,
        generator_terms: TermsFunction,
        sampler: Sampler,
    ) -> Game:
        """Several critic steps, each with images of its own, for each generator step."""
        steps, adam = self.critic_steps, self.adam()
        return Game(
            players={"generator": generator, "critic": critic},
            turns=(
                Turn("critic", frozenset({"critic"}), critic_terms, repeats=steps),
                Turn("generator", frozenset({"generator"}), generator_terms, batch="none"),
            ),
            optimisers={"generator": adam, "critic": adam},
            published=("generator",),
            sampler=sampler,
            streams=("latents", "interpolation"),
        )

    def adam(self) -> Adam:
        """The optimiser of both players."""
        return Adam(
            learning_rate=self.learning_rate, beta1=self.beta1, beta2=self.beta2, decay="linear"
        )

    def latents(self, count: int, draws: Draws) -> Tensor:
        """z ~ N(0, I), (count, latent_size)."""
        stream = draws["latents"]
        return torch.randn(count, self.latent_size, generator=stream, device=stream.device)
