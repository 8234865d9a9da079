"""Class splitting without labels: the "Class splitting" row of JGAN's Table 2.

WGAN-GP with an auxiliary classifier (see wgan_gp and acgan_resnet) on classes of its own making:
L_D = WGAN-GP + a CE(C(x), c(x)),  L_G = -E[D(G(z, c))] + b CE(C(G(z, c)), c).
There is one class at first. At given rounds k-means halves each class of more than
``least_images`` images by the critic's features; both halves start from the weights of the whole.
Grinblat, Uzal and Granitto 2017 (arXiv 1709.07359); constants and details are those of
CIFASIS/splitting_gan at 292fac0, gan_cifar_resnet_kmeans.py, and named here by its names.
Not as there: the best checkpoint by Inception Score (here a run's last snapshot counts); outputs of
the class head that no class uses yet (there in the softmax, here masked); a slip of the STL-10 file
(its images stay shuffled from epoch to epoch and its classes don't, so they soon part company).
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from gan_repro.game import (
    Batch,
    Clock,
    Draws,
    Game,
    Generated,
    Intermission,
    Memory,
    Players,
    Sampler,
    Terms,
)
from gan_repro.images import ImageShape
from gan_repro.losses import (
    class_cross_entropy,
    wasserstein_fake,
    wasserstein_generator,
    wasserstein_real,
)
from gan_repro.methods._wasserstein import WassersteinSettings
from gan_repro.nets.conditioning import ClassTree, label_vectors, scale_the_first_class_alone
from gan_repro.nets.critics import ClassifyingCritic
from gan_repro.nets.resnet import Generator
from gan_repro.penalties import gradient_penalty

CITATION = "Grinblat, Uzal and Granitto, Class-Splitting Generative Adversarial Networks, 2017"


class Settings(WassersteinSettings):
    """Settings of the splits and of the class losses.

    splits : when, as shares of the run; each can double the number of classes.
    least_images : a class splits if it has *more* images.
    most_classes : places for classes; also columns of the tree, of which a class takes up to two.
    normalised_over : what features have norm 1 over before k-means: the ``images`` of a batch, each
        feature by itself (as in the code, perhaps by mistake), or the ``features`` of an image.
    """

    critic_class_weight: float = Field(default=1.0, ge=0)  # a, ACGAN_SCALE
    generator_class_weight: float = Field(default=0.1, ge=0)  # b, ACGAN_SCALE_G
    # KMEANS_ITERS [1..5] x 7810 of 100,000 for unsupervised CIFAR-10; the same shares come from
    # [2, 4, 6, 8, 10] x 7810 of 200,000 for STL-10 (gan_stl10_resnet_kmeans.py)
    splits: tuple[float, ...] = (0.0781, 0.1562, 0.2343, 0.3124, 0.3905)
    least_images: int = Field(default=2000, ge=1)  # KMEANS_THRESHOLD
    most_classes: int = Field(default=512, ge=1)  # MAX_CLASSES
    normalised_over: Literal["images", "features"] = "images"  # l2_normalize(formula, 0)

    @model_validator(mode="after")
    def _the_tree_has_room(self) -> "Settings":
        if any(not 0 <= share < 1 for share in self.splits):
            raise ValueError(f"splits: shares of the run lie in [0, 1), got {self.splits}")
        columns = 2 ** (len(self.splits) + 1) - 1
        if columns > self.most_classes:
            raise ValueError(
                f"most_classes: {len(self.splits)} splits can make a tree of {columns} columns, "
                f"expected at most {self.most_classes}; split less often, or raise most_classes"
            )
        return self


class SplittingGenerator(nn.Module):
    """The conditional generator and the tree of its classes."""

    def __init__(self, shape: ImageShape, settings: Settings) -> None:
        super().__init__()
        width, size = settings.generator_width, settings.most_classes
        self.image = Generator(shape, settings.latent_size, width, size)
        self.tree = ClassTree(size)
        scale_the_first_class_alone(self.image)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """latents (n, latent_size); labels int64 (n,) -> images in [-1, 1]."""
        return self.image(latents, self.tree(labels))


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``critic``; the data's ``classes`` play no part."""
    generator = SplittingGenerator(shape, settings)
    tree = generator.tree

    def entropy(logits: Tensor, labels: Tensor) -> Tensor:
        rows = label_vectors(labels, settings.most_classes)
        return class_cross_entropy(tree.masked(logits), rows)

    def critic_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        assigned = game.state["class"]
        labels = assigned[batch.index.to(assigned.device)]
        with torch.no_grad():  # as in the code, the critic's fakes have the real images' classes
            fakes = players["generator"](settings.latents(count, draws), labels)
        critic, draw = players["critic"], draws["interpolation"]
        real, logits = critic(batch.images)
        penalty = gradient_penalty(lambda x: critic(x)[0], batch.images, fakes, draw)
        return Terms(
            {
                "real": wasserstein_real(real),
                "fake": wasserstein_fake(critic(fakes)[0]),
                "penalty": settings.penalty_weight * penalty,
                "class": settings.critic_class_weight * entropy(logits, labels),
            }
        )

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        inputs = draw(settings.fakes_per_image * memory["count"], draws)
        fakes = players["generator"](inputs["latents"], inputs["labels"])
        scores, logits = players["critic"](fakes)
        return Terms(
            {
                "adversarial": wasserstein_generator(scores),
                "class": settings.generator_class_weight * entropy(logits, inputs["labels"]),
            },
            {"classes": tree.classes.float()},
        )

    def draw(count: int, draws: Draws) -> dict[str, Tensor]:
        labels = uniform_classes(count, tree, draws["labels"])
        return {"latents": settings.latents(count, draws), "labels": labels}

    def generate(players: Players, inputs: Mapping[str, Tensor]) -> Generated:
        # no labels: the classes made here are not the data's
        return Generated(players["generator"](inputs["latents"], inputs["labels"]))

    def between_rounds(game: Game, intermission: Intermission) -> None:
        clock = intermission.clock
        if clock.round in {round(share * clock.total) for share in settings.splits}:
            split(game, intermission, settings)

    critic = ClassifyingCritic(shape, settings.critic_width, settings.most_classes)
    sampler = Sampler(draw, generate)
    game = settings.game(generator, critic, critic_terms, generator_terms, sampler)
    game.streams += ("labels", "clusters")
    game.image_state = {"class": 0}
    game.between_rounds = between_rounds
    return game


def uniform_classes(count: int, tree: ClassTree, stream: torch.Generator) -> Tensor:
    """Classes drawn evenly from those in use, int64 (count,) on the stream's device.

    floor(u classes), u in [0, 1), as in the code; float32 never rounds the product up to classes.
    """
    shares = torch.rand(count, generator=stream, device=stream.device)
    return (shares * tree.classes.to(stream.device)).long()


@torch.no_grad()
def split(game: Game, intermission: Intermission, settings: Settings) -> None:
    """Halve every class of more than ``least_images`` images (recalc_labels, extendVariable).

    The new class starts with its parent's rows in the class head and in the head's Adam moments.
    """
    generator, critic = game.players["generator"], game.players["critic"]
    assert isinstance(generator, SplittingGenerator)
    assigned, stream = game.state["class"], intermission.draws["clusters"]
    features = critic_features(critic, intermission.images(), settings.normalised_over)
    heads = [
        tensor
        for name in ("classify.weight", "classify.bias")
        for tensor in (critic.get_parameter(name), *intermission.moments("critic", name).values())
    ]
    for parent in range(int(generator.tree.classes)):
        members = (assigned == parent).nonzero().squeeze(1)
        if len(members) <= settings.least_images:
            continue
        seed = int(torch.randint(2**31, (), generator=stream, device=stream.device))
        other = torch.from_numpy(halves(features[members.cpu().numpy()], seed))
        child = generator.tree.split(parent)
        assigned[members[other.to(members.device)]] = child
        for tensor in heads:
            tensor[child] = tensor[parent]


@torch.no_grad()
def critic_features(
    critic: nn.Module, batches: Iterator[Tensor], over: Literal["images", "features"]
) -> np.ndarray:
    """The trunk's features of all images, float64 (images, width), in the data's order.

    As in the code, a norm over images is taken batch by batch. All features carry the same factor,
    the root of the axis' length, which k-means does not see; so a last, smaller batch counts alike.
    """
    axis = {"images": 0, "features": 1}[over]
    assert isinstance(critic, ClassifyingCritic)
    rows = (critic.trunk(images) for images in batches)
    scaled = [F.normalize(row, dim=axis) * row.shape[axis] ** 0.5 for row in rows]
    return torch.cat(scaled).double().cpu().numpy()


def halves(features: np.ndarray, seed: int) -> np.ndarray:
    """Which rows belong to the second of two clusters, bool (n,); scikit-learn's k-means.

    ``n_init`` 10 was scikit-learn's default in 2017. One thread: several add up in any order.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        found = KMeans(n_clusters=2, n_init=10, random_state=seed).fit(features)
    return np.asarray(found.labels_ == 1)
