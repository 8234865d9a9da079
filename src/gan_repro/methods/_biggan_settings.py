"""BigGAN's settings on CIFAR-10 in both lineages, which all methods on BigGAN share.

Brock et al. 2019 (arXiv 1809.11096) as BigGAN-PyTorch (scripts/launch_cifar_ema.sh) and StudioGAN
(configs/CIFAR10/BigGAN.yaml) train it.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from gan_repro.game import Adam, Draws
from gan_repro.kinds import Spec
from gan_repro.losses import AdversarialName
from gan_repro.nets.biggan_layers import LineageName

STUDIOGAN: dict[str, Any] = {
    "latent_size": 80,
    "generator_width": 384,
    "discriminator_width": 192,
    "beta1": 0.5,
    "epsilon": 1e-6,
    "discriminator_steps": 5,
    "average_start": 0.01,
    "passes": "separate",
    "flip": True,
}
"""Defaults where the lineage is StudioGAN's (configs/CIFAR10/BigGAN.yaml); its rounds are 100,000,
its batches of 64 images."""


class BigganSettings(Spec):
    """Settings of BigGAN on CIFAR-10; defaults are the lineage's own where they differ.

    lineage : ``ajbrock`` or ``studiogan``; see nets/biggan_layers.
    conditional : whether generator and discriminator see the labels; a label that is missing adds
        nothing to a real image's score.
    passes : whether the discriminator sees real and generated images in one batch, with one power
        iteration for both, or in two.
    flip : whether real images are mirrored at random.
    class_spread : first standard deviation of the class tables of the generator's batch norms; the
        lineage's own (0.02) by default. Ours: a larger one tells classes apart sooner, which short
        runs of self-labeling need. StudioGAN's have no tables of their own.
    average_memory, average_start : of the generator's moving average, as shares of the run.
    """

    lineage: LineageName = "ajbrock"
    latent_size: int = Field(default=128, ge=1)
    generator_width: int = Field(default=256, ge=1)
    discriminator_width: int = Field(default=256, ge=1)
    generator_learning_rate: float = Field(default=2e-4, gt=0)
    discriminator_learning_rate: float = Field(default=2e-4, gt=0)
    beta1: float = Field(default=0.0, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    epsilon: float = Field(default=1e-8, gt=0)
    discriminator_steps: int = Field(default=4, ge=1)
    conditional: bool = True
    loss: AdversarialName = "hinge"
    passes: Literal["joint", "separate"] = "joint"
    flip: bool = False
    class_spread: float | None = Field(default=None, gt=0)
    average_memory: float = Field(default=0.08, gt=0)  # 0.9999 in each of 125,000 rounds
    average_start: float = Field(default=0.008, ge=0, le=1)  # round 1,000 of 125,000

    @model_validator(mode="before")
    @classmethod
    def _of_the_lineage(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("lineage") == "studiogan":
            return {**STUDIOGAN, **given}
        return given

    @model_validator(mode="after")
    def _spread_has_tables(self) -> Self:
        if self.class_spread is not None and self.lineage == "studiogan":
            raise ValueError(
                "class_spread: StudioGAN's batch norms share one class embedding and have no "
                "tables of their own; leave it out, or choose lineage 'ajbrock'"
            )
        return self

    def latents(self, count: int, draws: Draws) -> Tensor:
        """z ~ N(0, I), (count, latent_size)."""
        stream = draws["latents"]
        return torch.randn(count, self.latent_size, generator=stream, device=stream.device)

    def flipped(self, images: Tensor, draws: Draws) -> Tensor:
        """The images, each mirrored with probability 1/2 where ``flip`` says so."""
        if not self.flip:
            return images
        stream = draws["flips"]
        coins = torch.rand(len(images), 1, 1, 1, generator=stream, device=stream.device)
        return torch.where(coins < 0.5, images.flip(3), images)

    def adam(self, learning_rate: float) -> Adam:
        """The lineage's Adam, at a rate."""
        return Adam(
            learning_rate=learning_rate, beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon
        )
