"""Improved GAN: D tells K classes, and how sure it is of any is its score of an image.

With logits a(x) and l(x) = log sum_k exp a_k(x), a fake being the class K+1 with logit 0,
D(x) = sigmoid(l(x)), and

    L_D = E[l(x) - a_y(x)] over labelled images + (E[-log D(x)] + E[-log(1 - D(G(z)))]) / 2
    L_G = E[log(1 - D(G(z)))],  or with feature matching  |E f(x) - E f(G(z))|_1 / size of f.

Salimans et al. 2016, section 5; constants and details are those of openai/improved-gan at 4f5d1ec,
train_cifar_minibatch_discrimination.py (feature matching: train_cifar_feature_matching.py).
Not as there: labelled images come in the share of the batch that has labels, not in batches of
their own; the first batch, not 500 images, sets D's scales; Adam's epsilon is outside the root.
"""

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from gan_repro.game import (
    Batch,
    Clock,
    Draws,
    Game,
    Intermission,
    Memory,
    Players,
    Terms,
    Turn,
)
from gan_repro.images import ImageShape
from gan_repro.losses import class_certainty, class_cross_entropy, minimax_fake, minimax_real
from gan_repro.methods._dcgan import DcganSettings
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.improved_gan import Discriminator, Generator

CITATION = "Salimans et al., Improved Techniques for Training GANs, NIPS 2016, arXiv 1606.03498"


class Settings(DcganSettings):
    """The script's settings, and the techniques of sections 3.1 to 3.3.

    generator_steps : the generator's updates for each of the discriminator's.
    kernels : of minibatch discrimination; 0 for none.
    feature_matching : whether G matches mean features instead; its script has 1 step, 0 kernels.
    history_weight : of |theta - its mean over all rounds so far|^2, in the losses of both players.
    """

    discriminator_width: int = Field(default=96, ge=1)
    generator_learning_rate: float = Field(default=3e-4, gt=0)  # --learning_rate
    discriminator_learning_rate: float = Field(default=3e-4, gt=0)
    decay_start: float = Field(default=2 / 3, ge=0, lt=1)  # lr min(3 - epoch / 400, 1) of 1200
    generator_steps: int = Field(default=3, ge=1)  # for rep in range(3)
    unlabelled_weight: float = Field(default=1.0, ge=0)  # --unlabeled_weight
    kernels: int = Field(default=100, ge=0)  # num_kernels
    input_noise: float = Field(default=0.2, ge=0)  # GaussianNoiseLayer
    dropout: float = Field(default=0.5, ge=0, lt=1)
    feature_matching: bool = False
    history_weight: float = Field(default=0.0, ge=0)  # ours: the paper prints none

    def discriminator(self, shape: ImageShape, classes: int) -> Discriminator:
        """The discriminator of these sizes."""
        width, kernels = self.discriminator_width, self.kernels
        return Discriminator(shape, width, classes, kernels, self.input_noise, self.dropout)

    def latents(self, count: int, draws: Draws) -> Tensor:
        """z evenly from [0, 1), (count, latent_size)."""
        stream = draws["latents"]
        return torch.rand(count, self.latent_size, generator=stream, device=stream.device)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``."""

    def history(name: str, players: Players, clock: Clock) -> dict[str, Tensor]:
        if not settings.history_weight:
            return {}
        gap = parameters_to_vector(players[name].parameters()) - game.state[f"{name}_mean"]
        return {"history": settings.history_weight * (clock.round > 0) * gap.square().sum()}

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        discriminator = players["discriminator"]
        if clock.round == 0:
            assert isinstance(discriminator, Discriminator)
            discriminator.initialise(batch.images)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(count, draws))
        real, fake = discriminator(batch.images), discriminator(fakes)
        half = 0.5 * settings.unlabelled_weight
        losses = {
            "labelled": class_cross_entropy(real, label_vectors(batch.labels, classes)),
            "real": half * minimax_real(class_certainty(real)),
            "fake": half * minimax_fake(class_certainty(fake)),
        }
        return Terms(losses | history("discriminator", players, clock))

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        fakes = players["generator"](settings.latents(memory["count"], draws))
        discriminator = players["discriminator"]
        if settings.feature_matching:
            assert batch is not None
            assert isinstance(discriminator, Discriminator)
            loss = mean_gap(discriminator.features(batch.images), discriminator.features(fakes))
        else:
            loss = -minimax_fake(class_certainty(discriminator(fakes)))
        return Terms({"adversarial": loss} | history("generator", players, clock))

    game = Game(
        players={
            "generator": Generator(shape, settings.latent_size, settings.generator_width),
            "discriminator": settings.discriminator(shape, classes),
        },
        turns=(
            Turn("discriminator", frozenset({"discriminator"}), discriminator_terms),
            Turn(
                "generator",
                frozenset({"generator"}),
                generator_terms,
                batch="same" if settings.feature_matching else "none",
                repeats=settings.generator_steps,
            ),
        ),
        optimisers=settings.optimisers(),
        published=("generator",),
        sampler=settings.sampler(),
    )
    if settings.history_weight:
        remember(game)
    return game


def mean_gap(real: Tensor, fake: Tensor) -> Tensor:
    """Mean over features of |E f(x) - E f(G(z))|; features (n, size) each."""
    return (real.float().mean(dim=0) - fake.float().mean(dim=0)).abs().mean()


def remember(game: Game) -> None:
    """Keep the mean of every player's parameters over all rounds in the game's state."""

    def between_rounds(game: Game, intermission: Intermission) -> None:
        for name, player in game.players.items():
            mean = game.state[f"{name}_mean"]
            now = parameters_to_vector(player.parameters()).detach()
            mean += (now - mean) / (intermission.clock.round + 1)

    for name, player in game.players.items():
        size = sum(parameter.numel() for parameter in player.parameters())
        game.state[f"{name}_mean"] = torch.zeros(size)
    game.between_rounds = between_rounds
