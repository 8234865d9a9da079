"""EGAN-Ent-VI: D's score is a cost, and G spreads its images, so that the cost keeps densities.

    max over c, min over G:  E[c(G(z))] - E[c(x)] - H(p_G)                               (eq. 1)

As G is a function of z, the entropy H(p_G) is E[log q(z | G(z))] and a constant at least, for any
q (eq. 16); q is a Gaussian with a mean and a scale for each latent, which an encoder reads off the
image, and it learns together with G. At the optimum c is the data's energy, -log p, but for a
constant. Dai et al. 2017; the constants are those of zihangdai/cegan_iclr2017,
cifar10/conv_cifar10_energy_gan.py, named here by its names.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_repro.game import Adam, Batch, Clock, Draws, Game, Memory, Players, Terms, Turn
from gan_repro.images import ImageShape
from gan_repro.methods._dcgan import DcganSettings
from gan_repro.nets.energy import Generator, Stack

CITATION = "Dai et al., Calibrating Energy-based Generative Adversarial Networks, ICLR 2017"
GUESSES = (
    "the paper prints no setting of its CIFAR-10 run; the script's are taken to be those",
    "the script's bound on the norm of gradients, 500, is left out",
    "other sizes than 32 pixels halve until a side of 4, 6 or 7 is left, as there",
)


class Settings(DcganSettings):
    """The script's settings; the cost's are the discriminator's.

    entropy_weight : of -log q(z | G(z)); 0 gives EGAN-Const.
    scale_weight : of log sigma in -log q: 1 would make it a density's, the script has 1/2.
    """

    generator_width: int = Field(default=128, ge=1)  # g_num_filters
    discriminator_width: int = Field(default=64, ge=1)  # d_num_filters
    discriminator_learning_rate: float = Field(default=2e-5, gt=0)  # lrt / 10
    entropy_weight: float = Field(default=0.1, ge=0)  # reg_cst
    scale_weight: float = Field(default=0.5, ge=0)  # diag_normal_nll
    smoothness_weight: float = Field(default=0.01, ge=0)  # smooth_cst
    weight_decay: float = Field(default=1e-5, ge=0)  # l2_cst

    def optimisers(self) -> dict[str, Adam]:
        """Adam for ``generator``, ``encoder`` and ``cost``."""
        adam = super().optimisers()
        generator = adam["generator"]
        return {"generator": generator, "encoder": generator, "cost": adam["discriminator"]}


def energy(scores: Tensor) -> Tensor:
    """c = softplus(-s) of scores (n, 1) or (n,): a cost above 0 (``energy_form``)."""
    return softplus(-scores)


def surprise(latents: Tensor, code: Tensor, scale_weight: float) -> Tensor:
    """-log q of latents (n, size), without its constant, (n,).

    code : (n, 2 size), the mean and the logarithm of the scale of every latent.
    """
    mean, log_scale = code.chunk(2, dim=1)
    distances = ((latents - mean) / (1e-6 + log_scale.exp())).square()
    return scale_weight * log_scale.sum(dim=1) + 0.5 * distances.sum(dim=1)


def squares(player: nn.Module) -> Tensor:
    """The sum of the squares of all parameters."""
    return torch.stack([parameter.square().sum() for parameter in player.parameters()]).sum()


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator``, ``encoder`` and ``cost``; ``classes`` plays no part."""

    def cost_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(count, draws))
        real, fake = players["cost"](batch.images), players["cost"](fakes)
        size = real.square().mean() + fake.square().mean()
        return Terms(
            {
                "real": energy(real).mean(),
                "fake": -energy(fake).mean(),
                "smoothness": settings.smoothness_weight * size,
                "decay": settings.weight_decay * squares(players["cost"]),
            }
        )

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        latents = settings.latents(memory["count"], draws)
        fakes = players["generator"](latents)
        bound = surprise(latents, players["encoder"](fakes), settings.scale_weight).mean()
        return Terms(
            {
                "cost": energy(players["cost"](fakes)).mean(),
                "entropy": settings.entropy_weight * bound,
                "decay": settings.weight_decay * squares(players["generator"]),
            }
        )

    width = settings.discriminator_width
    return Game(
        players={
            "generator": Generator(shape, settings.latent_size, settings.generator_width),
            "encoder": Stack(shape, width, 2 * settings.latent_size),
            "cost": Stack(shape, width, 1),
        },
        turns=(
            Turn("cost", frozenset({"cost"}), cost_terms),
            Turn("generator", frozenset({"generator", "encoder"}), generator_terms, batch="none"),
        ),
        optimisers=settings.optimisers(),
        published=("generator",),
        sampler=settings.sampler(),
    )
