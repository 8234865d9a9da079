"""What methods on DCGAN's networks share: settings, latents, optimisers.

Radford, Metz and Chintala 2016, section 4; Newmu/dcgan_code, named here by its names.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_repro.game import Adam, Draws, Generated, Sampler
from gan_repro.methods._resnet import ResnetSettings


class DcganSettings(ResnetSettings):
    """Sizes and optimiser settings of DCGAN.

    decay_start : share of the run after which the learning rates fall, linearly to 0.
    """

    latent_size: int = Field(default=100, ge=1)  # nz
    generator_width: int = Field(default=128, ge=1)  # ngf
    discriminator_width: int = Field(default=128, ge=1)  # ndf
    generator_learning_rate: float = Field(default=2e-4, gt=0)  # section 4
    discriminator_learning_rate: float = Field(default=2e-4, gt=0)  # section 4
    beta1: float = Field(default=0.5, ge=0, lt=1)  # section 4
    decay: Literal["none", "linear"] = "linear"
    decay_start: float = Field(default=0.5, ge=0, lt=1)  # niter, niter_decay: 100 and 100 epochs

    def optimisers(self) -> dict[str, Adam]:
        """Adam for ``generator`` and ``discriminator``."""
        late = {"decay_start": self.decay_start}
        return {name: adam.model_copy(update=late) for name, adam in super().optimisers().items()}

    def latents(self, count: int, draws: Draws) -> Tensor:
        """z evenly from [-1, 1), (count, latent_size)."""
        stream = draws["latents"]
        return 2.0 * torch.rand(count, self.latent_size, generator=stream, device=stream.device) - 1

    def sampler(self) -> Sampler:
        """Images of latents alone."""
        return Sampler(
            draw=lambda n, draws: {"latents": self.latents(n, draws)},
            generate=lambda players, inputs: Generated(players["generator"](inputs["latents"])),
        )
