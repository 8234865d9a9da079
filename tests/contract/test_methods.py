"""What every file in ``methods/`` promises; a new method is tested by being there."""

import copy
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro import kinds, sampling
from gan_repro.errors import ConfigurationError, EvaluationError, UnknownKindError
from gan_repro.game import Clock, Game, Players, Terms, Turn, play_round
from gan_repro.images import MISSING, ImageSet, ImageShape
from gan_repro.runs import RunSpec
from gan_repro.snapshots import flatten
from gan_repro.training.stepping import Stepper
from gan_repro.training.table import Table

EVERY = pytest.mark.parametrize("kind", tiny.METHODS)
SIZES = (8, 28, 32, 48)
CODES = sampling.Codes(np.eye(10, dtype=np.float32), np.arange(10))
"""For methods that are conditioned on codes."""
LABEL_FREE = {
    "ali",
    "autoencoder",
    "class_splitting",
    "denoising_feature_matching",
    "egan_ent_vi",
    "gman",
    "rotnet",
    "slcgan",
    "sngan",
    "wgan_gp",
}
BUFFERS = re.compile(
    r"running_mean|running_var|num_batches_tracked|parametrizations\.\w+\.0\.[uv]|\.scale$"
)
"""What a turn may move besides its players' parameters: batch statistics, singular vectors, and
scales that the first batch sets."""


def noise(size: int, channels: int) -> ImageSet:
    """Twelve images of noise of ten classes."""
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (12, channels, size, size), dtype=np.uint8)
    return ImageSet(pixels, np.arange(12) % 10, 10)


def losses(table: Table, rounds: int = 2) -> list[Tensor]:
    for number in range(rounds):
        table.play(Clock(number, rounds))
    return list(table.history.check(rounds))


def a_game(kind: str) -> Game:
    return sampling.build(RunSpec(**tiny.run(kind)), ImageShape(1, 8, 8), 10)


def makes_images(kind: str) -> bool:
    return a_game(kind).sampler is not None


GENERATORS = pytest.mark.parametrize("kind", list(filter(makes_images, tiny.METHODS)))


def untrained(kind: str, size: int, channels: int) -> tuple[RunSpec, ImageSet, dict[str, Tensor]]:
    """A run, its images, and a snapshot of its fresh players."""
    run, images = tiny.run(kind), noise(size, channels)
    game = tiny.table(run, images).game
    if game.sampler:
        settle(game)
    weights = {name: game.players[name].state_dict() for name in game.published}
    return RunSpec(**run), images, flatten(weights, 4)


def settle(game: Game) -> None:
    """Show batch norms some samples: fresh ones leave maps as small as first weights make them."""
    for module in (m for player in game.players.values() for m in player.modules()):
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # from the first batch on, the mean of all
    draws = {name: torch.Generator().manual_seed(0) for name in game.streams}
    inputs = game.sampler.draw(30, draws)
    if game.sampler.coded:
        inputs["codes"] = torch.eye(10).repeat(3, 1)
    with torch.no_grad():
        game.sampler.generate(game.players, inputs)


@EVERY
def test_a_method_says_where_it_comes_from(kind):
    assert len(kinds.find("methods", kind).CITATION) > 10


@EVERY
def test_settings_are_frozen_and_refuse_unknown_names(kind):
    settings = kinds.find("methods", kind).Settings
    name = next(iter(settings.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings(), name, 1)
    with pytest.raises(ValidationError, match=r"widht\n.*Extra inputs are not permitted"):
        RunSpec(**tiny.run(kind, settings={"widht": 4})).settings()


@EVERY
def test_an_unknown_method_is_refused_with_the_nearest(kind):
    near = rf"no methods kind is called '{kind}x'\. Did you mean '{kind}'\? Known: acgan, "
    with pytest.raises(UnknownKindError, match=near):
        RunSpec(**tiny.run(kind, method={"kind": f"{kind}x"})).settings()


@EVERY
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_a_round_at_every_size_is_finite(kind, size, channels):
    terms = losses(tiny.table(tiny.run(kind), noise(size, channels)), rounds=1)
    assert torch.isfinite(terms[0]).all()


@EVERY
def test_the_seed_decides_the_losses(kind):
    first, again, other = (losses(tiny.table(tiny.run(kind, seed=s))) for s in (0, 0, 1))
    assert torch.equal(torch.stack(first), torch.stack(again))
    assert not torch.equal(torch.stack(first), torch.stack(other))


def moved(game: Game, step: Callable[[Turn, Callable[[], Terms]], Terms], table: Table) -> dict:
    """Play a round; by turn, the players whose parameters moved and the buffers that did."""
    seen: dict[str, tuple[set[str], set[str]]] = {}

    def watched(turn: Turn, evaluate: Callable[[], Terms]) -> Terms:
        before = copy.deepcopy({n: p.state_dict() for n, p in game.players.items()})
        terms = step(turn, evaluate)
        changed = {
            (name, key)
            for name, player in game.players.items()
            for key, value in player.state_dict().items()
            if not torch.equal(value, before[name][key])
        }
        weights = {(n, k) for n, p in game.players.items() for k, _ in p.named_parameters()}
        seen[turn.name] = {n for n, _ in changed & weights}, {k for _, k in changed - weights}
        return terms

    play_round(game, table.batches, watched, table.draws, Clock(0, 1))
    return seen


@EVERY
def test_a_turn_moves_only_the_parameters_of_its_players(kind):
    table = tiny.table(tiny.run(kind))
    seen = moved(table.game, table.stepper, table)
    for turn in table.game.turns:
        players, buffers = seen[turn.name]
        assert players == turn.players
        assert all(BUFFERS.search(name) for name in buffers)
    assert all(
        p.grad is None for player in table.game.players.values() for p in player.parameters()
    )


def test_a_turn_that_moves_another_player_is_found():
    table = tiny.table(tiny.run("sngan"))
    honest = table.game.turns[0]

    def meddling(players: Players, *rest: object) -> Terms:
        with torch.no_grad():
            next(players["generator"].parameters()).add_(1.0)
        return honest.terms(players, *rest)

    table.game.turns = (Turn(honest.name, honest.players, meddling),)
    players, _ = moved(table.game, Stepper(table.game, *engine_and_device()), table)[
        "discriminator"
    ]
    assert players == {"discriminator", "generator"} != honest.players


def engine_and_device():
    return RunSpec(**tiny.run("sngan")).engine, torch.device("cpu")


@GENERATORS
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_samples_have_the_images_shape_and_range(kind, size, channels):
    run, images, snapshot = untrained(kind, size, channels)
    game = sampling.build(run, images.shape, 10)
    draws = {name: torch.Generator().manual_seed(0) for name in game.streams}
    inputs = game.sampler.draw(5, draws)
    assert all(len(value) == 5 for value in inputs.values())
    if game.sampler.coded:
        inputs["codes"] = torch.eye(10)[:5]
    with torch.no_grad():
        made = game.sampler.generate(game.players, inputs).images
    assert made.shape == (5, *images.shape)
    assert made.dtype == torch.float32
    assert -1 <= made.min() < made.max() <= 1
    taken = sampling.sample(run, snapshot, 4, images.shape, 10, 5, codes=CODES)
    assert taken.images.shape == (5, *images.shape)
    assert taken.classes in {1, 10}
    if taken.labels.ndim == 2:
        sums = taken.labels.sum(axis=1)  # 1, or 2 for two labels side by side
        assert abs(sums - round(sums[0])).max() < 1e-6
    else:
        assert taken.labels.dtype == np.int64
        assert 0 <= taken.labels.min() <= taken.labels.max() < taken.classes


@GENERATORS
def test_samples_are_the_same_whatever_the_batch_size(kind):
    """With batches of 1 to 5 rows a matrix product rounds otherwise, and some pixels move by 1."""
    run, images, snapshot = untrained(kind, 32, 3)
    whole = sampling.sample(run, snapshot, 4, images.shape, 10, 150, codes=CODES)
    assert len(np.unique(whole.images.reshape(150, -1), axis=0)) > 100
    for batch_size in (1, 7, 40, 149):
        parts = sampling.sample(
            run, snapshot, 4, images.shape, 10, 150, batch_size=batch_size, codes=CODES
        )
        assert np.array_equal(parts.images, whole.images)
        assert abs(parts.labels - whole.labels).max() < 1e-6
    other = sampling.sample(run, snapshot, 4, images.shape, 10, 150, seed=1, codes=CODES)
    assert not np.array_equal(other.images, whole.images)


@EVERY
def test_only_a_method_with_a_sampler_makes_images(kind):
    if not makes_images(kind):
        run, images, snapshot = untrained(kind, 8, 1)
        with pytest.raises(EvaluationError, match="makes no images"):
            sampling.sample(run, snapshot, 4, images.shape, 10, 5)


@GENERATORS
def test_a_method_with_codes_is_not_sampled_without(kind):
    run, images, snapshot = untrained(kind, 8, 1)
    if a_game(kind).sampler.coded:
        with pytest.raises(EvaluationError, match="makes images from codes, and none were given"):
            sampling.sample(run, snapshot, 4, images.shape, 10, 5)


def with_labels(labels: np.ndarray) -> ImageSet:
    classes = labels.shape[1] if labels.ndim == 2 else 10
    return ImageSet(tiny.digits().images, labels, classes)


@EVERY
def test_labels_may_be_missing_or_soft(kind):
    draw = np.random.default_rng(0)
    hard = tiny.digits().labels
    some = np.where(draw.random(100) < 0.5, MISSING, hard)
    soft = draw.dirichlet(np.ones(7), 100).astype(np.float32)
    for labels in (some, np.full(100, MISSING), soft):
        if (labels == MISSING).all() and a_game(kind).only_labelled:
            with pytest.raises(ConfigurationError, match="digits has 0 training images"):
                tiny.table(tiny.run(kind), with_labels(labels))
            continue
        terms = losses(tiny.table(tiny.run(kind), with_labels(labels)))
        assert torch.isfinite(torch.stack(terms)).all()


@EVERY
def test_labels_reach_the_losses_unless_the_method_has_none(kind):
    """A loader that gave every image the label 0 would change nothing in a broken method."""
    right = losses(tiny.table(tiny.run(kind)))
    zeros = losses(tiny.table(tiny.run(kind), with_labels(np.zeros(100, np.int64))))
    assert torch.equal(torch.stack(right), torch.stack(zeros)) == (kind in LABEL_FREE)


@EVERY
def test_one_hot_soft_labels_are_hard_labels(kind):
    hard = losses(tiny.table(tiny.run(kind)))
    rows = np.eye(10, dtype=np.float32)[tiny.digits().labels]
    soft = losses(tiny.table(tiny.run(kind), with_labels(rows)))
    assert (torch.stack(hard) - torch.stack(soft)).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("kind", "precision"), [*((kind, "float32") for kind in tiny.METHODS), ("jgan", "bfloat16")]
)
def test_a_killed_run_resumes_to_the_bit(kind, precision, tmp_path: Path):
    engine = {"precision": precision, "checkpoint_every": 3, "log_every": 7}
    run = tiny.run(kind, engine, rounds=30, snapshots=(0.1, 0.5, 1.0))
    place = tiny.killed_midway(run, tmp_path / "killed")
    weights, history, provenance = tiny.trained(run, tmp_path / "killed")
    assert provenance["resumed_at_round"] > 0
    expected, expected_history, _ = tiny.trained(run, tmp_path / "whole")
    tiny.assert_same(weights, expected)
    assert history.equals(expected_history)
    tiny.assert_same(tiny.checkpoint(place), tiny.checkpoint(tiny.home(tmp_path / "whole", run)))
