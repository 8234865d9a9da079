"""SLCGAN, approximately: a clustering network labels real images, and plays against D.

L_D = E[max(0, 1 - D(x, C(x)))] + E[max(0, 1 + D(G(z, c), c))],  L_G = -E[D(G(z, c), c)]
L_C = E[D(x, C(x))] + l (log K - H(E[p(x)]))

p is C's softmax, C(x) a one-hot draw from it; the gradient passes as through the Gumbel-softmax
((log p + g) / t). The last term makes images use the clusters evenly. Noroozi 2020 (arXiv
2012.02162). We know no more of it than its abstract and introduction: C "plays against the
discriminator" and "cooperates with the generator"; the equations are our reading.
"""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from gan_repro.errors import ConfigurationError
from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms, Turn
from gan_repro.images import MISSING, ImageShape
from gan_repro.methods._biggan import Biggan, BigganSettings, Seen
from gan_repro.nets.biggan import Classifier, Discriminator, Trunk
from gan_repro.nets.label_outputs import gumbel_softmax

CITATION = "Noroozi, Self-labeled Conditional GANs, arXiv 2012.02162, 2020"
GUESSES = (
    "approximate: the losses are our reading of the abstract and the introduction",
    "K for CIFAR-10, the weight of even use and the temperature are not known to us",
    "C is the discriminator's trunk without spectral norm, with mean pooling, and a linear layer",
    "C takes one step a round, with D's optimiser, between D's last step and G's",
    "with labels (no version of the paper's), an image that has one keeps it",
)


class Settings(BigganSettings):
    """BigGAN's settings, and the clusters. All defaults are guesses.

    conditional : whether real labels are used where given, in the place of C's.
    clusters : K.
    even_weight : l, of the even use of clusters.
    temperature : t.
    """

    conditional: bool = False
    clusters: int = Field(default=10, ge=2)
    clusterer_width: int = Field(default=256, ge=1)
    clusterer_learning_rate: float = Field(default=2e-4, gt=0)
    even_weight: float = Field(default=1.0, ge=0)
    temperature: float = Field(default=1.0, gt=0)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator``, ``discriminator`` and ``clusterer``, which labels images.

    Raises
    ------
    ConfigurationError
        When real labels are used and there are more classes than clusters: they share them.
    """
    if settings.conditional and classes > settings.clusters:
        raise ConfigurationError(
            f"slcgan: clusters is {settings.clusters}, but labels have {classes} entries; expected "
            f"at least as many, since real labels and clusters share classes. Set clusters to "
            f"{classes} or more, or conditional to false."
        )
    frame = Biggan(settings, shape, settings.clusters)
    terms = _Terms(settings, frame)
    discriminator = Discriminator(frame.trunk(), settings.clusters)
    game = frame.game(discriminator, terms.discriminator_terms, terms.generator_terms)
    trunk = Trunk(shape, settings.clusterer_width, frame.lineage, layer=_as_it_is, mean=True)
    game.players["clusterer"] = Classifier(trunk, settings.clusters, layer=_as_it_is)
    rate = settings.clusterer_learning_rate
    game.optimisers = {**game.optimisers, "clusterer": settings.adam(rate)}
    judging, making = game.turns
    clustering = Turn("clusterer", frozenset({"clusterer"}), terms.clusterer_terms, batch="none")
    game.turns = (judging, clustering, making)
    game.streams = (*game.streams, "clusters")
    game.published = ("generator", "clusterer")
    game.labeller = probabilities
    return game


def _as_it_is(layer: nn.Module) -> nn.Module:
    return layer


def probabilities(players: Players, images: Tensor) -> Tensor:
    """p, (n, K), of images in [-1, 1]."""
    logits: Tensor = players["clusterer"](images)
    return logits.float().softmax(dim=1)


def drawn(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """One-hot draws (n, K) from the softmax of logits, with the Gumbel-softmax's gradient.

    noise : uniform in [0, 1), (n, K).
    """
    soft = gumbel_softmax(logits, noise, temperature)
    hard = F.one_hot(soft.argmax(dim=1), soft.shape[1]).to(soft)
    return hard + (soft - soft.detach())


def evenness(shares: Tensor) -> Tensor:
    """H(shares) / log K in [0, 1], of shares (K,) that sum to 1."""
    return -torch.xlogy(shares, shares).sum() / math.log(len(shares))


@dataclass(frozen=True)
class _Terms:
    """The terms of the three turns."""

    settings: Settings
    frame: Biggan

    def discriminator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """L_D, with C's labels as they are drawn."""
        if batch is not None and not self.settings.conditional:
            batch = replace(batch, labels=torch.full_like(batch.index, MISSING))
        seen = memory["seen"] = self.frame.see(players, batch, draws, memory)
        with torch.no_grad():
            rows = self.label(players["clusterer"](seen.real).float(), seen, draws)
        true, false = self.frame.scores(
            players["discriminator"], (seen.real, rows), (seen.fake.images, seen.fake.labels)
        )
        return Terms({"real": self.frame.loss.true(true), "fake": self.frame.loss.false(false)})

    def clusterer_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """L_C, on the real images of D's last step: they should look generated with their label."""
        seen, settings = memory["seen"], self.settings
        logits = players["clusterer"](seen.real).float()
        scores = players["discriminator"](seen.real, self.label(logits, seen, draws))
        even = evenness(logits.softmax(dim=1).mean(dim=0))
        uneven = math.log(settings.clusters) * (1.0 - even)
        against = self.frame.loss.generator(-scores)
        losses = {"adversarial": against, "uneven": settings.even_weight * uneven}
        return Terms(losses, {"evenness": even})

    def generator_terms(
        self, players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        """L_G."""
        made = self.frame.make(players, memory["count"], draws)
        scores = players["discriminator"](made.images, made.labels)
        return Terms({"adversarial": self.frame.loss.generator(scores)})

    def label(self, logits: Tensor, seen: Seen, draws: Draws) -> Tensor:
        """Rows (n, K): real labels where given, elsewhere C's draws."""
        assert seen.labels is not None
        stream = draws["clusters"]
        noise = torch.rand(logits.shape, generator=stream, device=stream.device)
        rows = drawn(logits, noise, self.settings.temperature)
        given = seen.labels.sum(dim=1, keepdim=True) > 0
        return torch.where(given, seen.labels, rows)
