"""Stacked GAN: a generator for each level of an encoder, each judged and taught at its own level.

G_1 makes fc3 features of a label and noise z1, G_0 an image of features and noise z0. Each D_i
tells real features of its level from generated ones, and Q_i, its second head, finds z_i again:

    L_Gi = lambda_1 adversarial + lambda_2 f(E_i(G_i(h_i+1, z_i)), h_i+1) + lambda_3 |Q_i - z_i|^2

First each pair (G_i, D_i) learns alone, conditioned on the encoder's real features; then, jointly,
each G_i on what the generators above it make. The snapshot at the end of the first act is
SGAN-no-joint. Huang et al. 2017 (arXiv 1612.04357), section 3; with no level between label and
image it is the paper's DCGAN with L_adv, L_cond and L_ent.
"""

from pydantic import Field

from gan_repro.game import Game
from gan_repro.images import ImageShape
from gan_repro.methods._stacked_losses import StackedSettings
from gan_repro.methods._stacked_turns import Stack, play

CITATION = "Huang et al., Stacked Generative Adversarial Networks, CVPR 2017, arXiv 1612.04357"


class Settings(StackedSettings):
    """levels : of the encoder, from bottom to top, that are made between label and image.

    independent_share : the share of the run in which the pairs learn alone; the code loads epoch
        190 of the first act and then plays 200 jointly. Without levels there is one act.
    upper_weight : of L_Gi-1 in what G_i minimises in the joint act; the code's 0.01.
    """

    levels: tuple[str, ...] = ("fc3",)
    independent_share: float = Field(default=190 / 390, gt=0, le=1)
    upper_weight: float = Field(default=0.01, ge=0)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of the stack; ``classes`` is the label's size."""
    levels, share = settings.levels, settings.independent_share
    return play(Stack(settings, shape, classes, levels, share, settings.upper_weight))
