"""The whole generator of Stacked GAN against one discriminator of images, and none between.

Huang et al. 2017 (arXiv 1612.04357), section 4.5: "we also tried to use the full generator G in
SGAN as the baseline ... we failed to make it converge, possibly because G is too deep". Its losses
are those of the paper's DCGAN with L_adv, L_cond and L_ent; Q recovers the noise of all levels.
"""

from torch import Tensor, nn

from gan_repro.game import Game
from gan_repro.images import ImageShape
from gan_repro.methods._stacked_losses import StackedSettings
from gan_repro.methods._stacked_turns import Stack, play

CITATION = "Huang et al., Stacked Generative Adversarial Networks, CVPR 2017, arXiv 1612.04357"
LEVEL = "fc3"


class Settings(StackedSettings):
    """Settings of both generators, the one discriminator and the losses."""


class WholeGenerator(nn.Module):
    """G_0(G_1(y, z1), z0), one network."""

    def __init__(self, settings: StackedSettings, shape: ImageShape, condition: int) -> None:
        super().__init__()
        self.sizes = [settings.noise_size("image"), settings.noise_size(LEVEL)]
        self.lower = settings.generator("image", tuple(shape), settings.encoder_top)
        self.upper = settings.generator(LEVEL, (settings.encoder_top,), condition)

    def forward(self, noise: Tensor, condition: Tensor | None) -> Tensor:
        """noise (n, z0 + z1); condition (n, classes) or None -> (n, *shape)."""
        lower, upper = noise.split(self.sizes, dim=1)
        images: Tensor = self.lower(lower, self.upper(upper, condition))
        return images


class Whole(Stack):
    """A stack of one level, whose generator is the whole of Stacked GAN's."""

    def noise_size(self, name: str) -> int:
        """z0 and z1 together."""
        return self.settings.noise_size(name) + self.settings.noise_size(LEVEL)

    def generator(self, name: str, made: tuple[int, ...], condition: int) -> nn.Module:
        """G_0 and G_1 in one."""
        return WholeGenerator(self.settings, ImageShape(*made), condition)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator_0`` and ``discriminator_0``; ``classes`` is the label's size."""
    return play(Whole(settings, shape, classes))
