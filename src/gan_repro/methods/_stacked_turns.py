"""The game of a stack of generators: which level is made of what, and what each turn minimises.

Huang et al. 2017 (arXiv 1612.04357), section 3.2; the joint act follows cifar/train_joint.py.
"""

from collections.abc import Mapping
from functools import partial

import torch
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
    Turn,
)
from gan_repro.images import ImageShape
from gan_repro.methods._resnet import uniform_labels
from gan_repro.methods._stacked_losses import (
    StackedSettings,
    discriminator_losses,
    generator_losses,
    steps,
)
from gan_repro.nets.conditioning import label_vectors


class Stack:
    """The levels by name, ``image`` first; level i is made of what lies at i + 1.

    levels : of the encoder, from bottom to top, between image and label.
    independent_share, upper_weight : see ``stacked_gan.Settings``.
    """

    def __init__(
        self,
        settings: StackedSettings,
        shape: ImageShape,
        classes: int,
        levels: tuple[str, ...] = (),
        independent_share: float = 1.0,
        upper_weight: float = 0.0,
    ) -> None:
        self.settings, self.classes = settings, classes
        self.independent_share, self.upper_weight = independent_share, upper_weight
        self.encoder = settings.encoder_net(shape, classes)
        self.names = ("image", *levels)
        self.shapes = [self.encoder.maps[name] for name in self.names]

    def players(self) -> dict[str, nn.Module]:
        """``encoder``, and ``generator_i`` and ``discriminator_i`` of each level."""
        s, outputs = self.settings, self.settings.outputs(self.classes)
        above = [torch.Size(shape).numel() for shape in self.shapes[1:]]
        above.append(self.classes if s.labelled else 0)
        found: dict[str, nn.Module] = {"encoder": self.encoder}
        for i, (name, made) in enumerate(zip(self.names, self.shapes, strict=True)):
            found[f"generator_{i}"] = self.generator(name, made, above[i])
            noise = self.noise_size(name)
            found[f"discriminator_{i}"] = s.discriminator_net(name, made, outputs, noise)
        return found

    def generator(self, name: str, made: tuple[int, ...], condition: int) -> nn.Module:
        """G of a level."""
        return self.settings.generator(name, made, condition)

    def noise_size(self, name: str) -> int:
        """Of the noise that helps to make a level."""
        return self.settings.noise_size(name)

    def joint(self, clock: Clock) -> bool:
        """Whether the second act is being played."""
        return len(self.names) > 1 and clock.fraction >= self.independent_share

    def made(
        self, players: Players, i: int, rows: Tensor | None, noises: Mapping[str, Tensor]
    ) -> Tensor:
        """Level i, made from the label down."""
        h = rows if self.settings.labelled else None
        for j in reversed(range(i, len(self.names))):
            h = players[f"generator_{j}"](noises[self.names[j]], h)
        assert h is not None
        return h

    def noises(self, count: int, draws: Draws) -> dict[str, Tensor]:
        """By the name of the level that they help to make."""
        return {name: self.noise(name, count, draws) for name in self.names}

    def noise(self, name: str, count: int, draws: Draws) -> Tensor:
        """z ~ U[0, 1), (count, noise_size)."""
        stream = draws["latents"]
        return torch.rand(count, self.noise_size(name), generator=stream, device=stream.device)

    def judged(self, players: Players, i: int, h: Tensor, joint: bool) -> tuple[Tensor, Tensor]:
        """Logits and recovered noise of maps of level i; images without the training mean."""
        seen = h - self.encoder.mean if i == 0 else h
        found: tuple[Tensor, Tensor] = players[f"discriminator_{i}"](seen, joint)
        return found


def play(stack: Stack) -> Game:
    """The game of an ``encoder`` that does not learn, ``generator_i`` and ``discriminator_i``."""
    players, places = stack.players(), range(len(stack.names))
    judges = [
        Turn(
            f"discriminator_{i}",
            frozenset({f"discriminator_{i}"}),
            partial(discriminator_terms, stack, i),
            batch="same" if i else "next",
        )
        for i in places
    ]
    makers = [
        Turn(
            f"generator_{i}",
            frozenset({f"generator_{i}"}),
            partial(generator_terms, stack, i),
            batch="same",
            repeats=partial(pace, stack, i) if stack.settings.paced else 1,
        )
        for i in places
    ]
    return Game(
        players=players,
        turns=(*judges, *makers),
        optimisers={name: stack.settings.adam() for name in players if name != "encoder"},
        published=tuple(f"generator_{i}" for i in places),
        sampler=sampler(stack),
        upstream={"encoder": "stacked_encoder"},
        between_rounds=partial(begin_joint_act, stack),
    )


def pace(
    stack: Stack, i: int, played: Mapping[str, Mapping[str, Tensor]], clock: Clock
) -> int:  # fmt: skip
    """How often G_i learns in a round: by the loss of D_i, and in the joint act by that of D_0."""
    judge = 0 if stack.joint(clock) else i
    return steps(played[f"discriminator_{judge}"]["adversarial"])


def discriminator_terms(
    stack: Stack, i: int, players: Players, batch: Batch | None, draws: Draws, clock: Clock,
    memory: Memory,
) -> Terms:  # fmt: skip
    """Real maps of level i against those made of real, or in the joint act of made, conditions."""
    assert batch is not None
    joint, name = stack.joint(clock), stack.names[i]
    rows = memory["rows"] = label_vectors(batch.labels, stack.classes)
    with torch.no_grad():
        if i == 0:
            memory["real"] = climbed(stack, players, batch.images)
        fake, _, noise = one_level(stack, i, players, memory, draws, joint)
    real = memory["real"][name]
    classes = rows if stack.settings.outputs(stack.classes) > 1 else None
    losses, adversarial = discriminator_losses(
        stack.settings.of_level(name),
        stack.judged(players, i, real, joint)[0],
        stack.judged(players, i, fake, joint),
        noise,
        classes,
    )
    return Terms(losses, {"adversarial": adversarial})


def generator_terms(
    stack: Stack, i: int, players: Players, batch: Batch | None, draws: Draws, clock: Clock,
    memory: Memory,
) -> Terms:  # fmt: skip
    """L_Gi; in the joint act a share of L_Gi-1, too, whose condition is what G_i makes."""
    joint = stack.joint(clock)
    made, condition, noise = one_level(stack, i, players, memory, draws, joint)
    losses = level_losses(stack, i, players, made, condition, noise, joint)
    if i:
        below = torch.zeros((), device=made.device)
        if joint and stack.upper_weight:
            under = stack.noise(stack.names[i - 1], len(made), draws)
            lower = players[f"generator_{i - 1}"](under, made)
            found = level_losses(stack, i - 1, players, lower, made, under, joint)
            below = stack.upper_weight * torch.stack(list(found.values())).sum()
        losses["below"] = below
    return Terms(losses)


def climbed(stack: Stack, players: Players, images: Tensor) -> dict[str, Tensor]:
    """Real maps of every level."""
    real, below = {"image": images}, "image"
    for name in stack.names[1:]:
        real[name] = stack.encoder.climb(real[below], below, name)
        below = name
    return real


def one_level(
    stack: Stack, i: int, players: Players, memory: Memory, draws: Draws, joint: bool
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Maps of level i that G_i makes, their condition, and the noise."""
    rows = memory["rows"]
    noises = stack.noises(len(rows), draws)
    top = i == len(stack.names) - 1
    if top:
        condition = rows if stack.settings.labelled else None
    elif joint:
        condition = stack.made(players, i + 1, rows, noises)
    else:
        condition = memory["real"][stack.names[i + 1]]
    noise = noises[stack.names[i]]
    return players[f"generator_{i}"](noise, condition), condition, noise


def level_losses(
    stack: Stack, i: int, players: Players, made: Tensor, condition: Tensor | None, noise: Tensor,
    joint: bool,
) -> dict[str, Tensor]:  # fmt: skip
    """L_Gi of maps that were made for a condition."""
    top = i == len(stack.names) - 1
    recovered = None
    if condition is not None and stack.settings.conditional_weight:
        above = "fc4" if top else stack.names[i + 1]
        recovered = stack.encoder.climb(made, stack.names[i], above)
    fake = stack.judged(players, i, made, joint)
    own = stack.settings.of_level(stack.names[i])
    return generator_losses(own, fake, noise, recovered, condition, top)


def begin_joint_act(stack: Stack, game: Game, between: Intermission) -> None:
    """Optimisers forget the first act when the second begins: train_joint.py makes new ones."""
    after = Clock(between.clock.round + 1, between.clock.total)
    if stack.joint(after) and not stack.joint(between.clock):
        for player in game.optimisers:
            between.restart(player)


def sampler(stack: Stack) -> Sampler:
    """Labels drawn evenly and noise for each level; images from the top down."""

    def draw(count: int, draws: Draws) -> dict[str, Tensor]:
        noises = {f"noise_{name}": z for name, z in stack.noises(count, draws).items()}
        return {"labels": uniform_labels(count, stack.classes, draws), **noises}

    def generate(players: Players, inputs: Mapping[str, Tensor]) -> Generated:
        noises = {name: inputs[f"noise_{name}"] for name in stack.names}
        rows = label_vectors(inputs["labels"], stack.classes)
        images = stack.made(players, 0, rows, noises)
        return Generated(images, inputs["labels"] if stack.settings.labelled else None)

    return Sampler(draw, generate)
