"""Samples with running, standing and batch statistics of the generator's batch norms."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro import normalisation, sampling
from gan_repro.checking import read_yaml
from gan_repro.errors import ConfigurationError
from gan_repro.game import Clock, Game
from gan_repro.images import ImageSet, ImageShape, pixel_scaling
from gan_repro.normalisation import BatchStatistics, Normalisation, StandingStatistics
from gan_repro.protocols import read_protocols
from gan_repro.randomness import torch_generator
from gan_repro.runs import RunSpec

DIGITS = ImageShape(1, 8, 8)
RUN = RunSpec(**tiny.run("biggan"))
STANDING = normalisation.of(StandingStatistics(statistics="standing", batches=3, batch_size=20))
BATCH = normalisation.of(BatchStatistics(statistics="batch", batch_size=20))
FILE = Path(__file__).parents[2] / "conf" / "base" / "protocols.yml"


@cache
def snapshot() -> dict[str, Tensor]:
    """After two rounds: running statistics are still far from those of samples."""
    table = tiny.table(RUN.model_dump())
    for number in range(2):
        table.play(Clock(number, 2))
    return table.snapshot(2)


def sample(how: Normalisation, count: int = 40, **others: Any) -> ImageSet:
    return sampling.sample(RUN, snapshot(), 2, DIGITS, 10, count, normalisation=how, **others)


def drawn(game: Game, count: int, stream: str) -> dict[str, Tensor]:
    draws = {name: torch_generator(0, f"{stream}/{name}") for name in game.streams}
    return game.sampler.draw(count, draws)


def norms_of(game: Game) -> list[nn.BatchNorm2d]:
    modules = game.players["generator"].modules()
    return [module for module in modules if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def made(game: Game, inputs: dict[str, Tensor], size: int) -> Tensor:
    """Images in [-1, 1], made ``size`` at a time."""
    parts = zip(*(rows.split(size) for rows in inputs.values()), strict=True)
    images = [
        game.sampler.generate(game.players, dict(zip(inputs, part, strict=True))).images
        for part in parts
    ]
    return torch.cat(images)


def pixels(images: Tensor) -> np.ndarray:
    return pixel_scaling(RUN.pixels).inverse(images).numpy()


def test_standing_statistics_are_the_mean_over_batches_of_samples():
    game = sampling.restored(RUN, snapshot(), 2, DIGITS, 10)
    seen: dict[nn.BatchNorm2d, list[Tensor]] = {norm: [] for norm in norms_of(game)}
    for norm, maps in seen.items():
        norm.train()
        norm.register_forward_pre_hook(lambda m, given, maps=maps: maps.append(given[0]))
    made(game, drawn(game, 60, "standing"), 20)
    for norm, maps in seen.items():
        assert len(maps) == 3
        norm.running_mean.copy_(torch.stack([x.mean(dim=(0, 2, 3)) for x in maps]).mean(dim=0))
        variances = [x.transpose(0, 1).flatten(1).var(dim=1, unbiased=True) for x in maps]
        norm.running_var.copy_(torch.stack(variances).mean(dim=0))
        norm.eval()
    expected = pixels(made(game, drawn(game, 48, "sampling"), 48)).astype(int)[:40]
    found = sample(STANDING, 48).first(40).images.astype(int)
    assert abs(found - expected).max() <= 1


def test_batch_statistics_are_those_of_the_batch_that_an_image_is_in():
    game = sampling.restored(RUN, snapshot(), 2, DIGITS, 10)
    for norm in norms_of(game):
        norm.train()
    expected = pixels(made(game, drawn(game, 80, "sampling"), 20)).astype(int)
    found = sample(BATCH, 80)
    assert abs(found.images.astype(int) - expected).max() <= 1
    assert found.labels.tolist() == drawn(game, 80, "sampling")["labels"].tolist()


def test_the_three_ways_make_three_sets_of_images():
    ways = [sample(how).images.astype(int) for how in (Normalisation(), STANDING, BATCH)]
    assert min(abs(ways[i] - ways[j]).max() for i, j in ((0, 1), (0, 2), (1, 2))) > 3


@pytest.mark.parametrize("how", [STANDING, BATCH])
def test_images_are_the_same_however_many_follow_and_however_they_are_dealt_out(how):
    few, many = sample(how, 80), sample(how, 160)
    assert len(few) == 80
    assert np.array_equal(few.images, many.images[:80])
    assert np.array_equal(sample(how, 80, batch_size=16).images, few.images)
    assert not np.array_equal(sample(how, 80, seed=1).images, few.images)


def test_an_incomplete_batch_is_filled_and_cut():
    assert np.array_equal(sample(BATCH, 33).images, sample(BATCH, 80).images[:33])


def protocol(batch_norm: object) -> dict[str, Any]:
    conf = read_yaml(FILE)
    return {"mine": {**conf["classifier_is_smoke_last"], "batch_norm": batch_norm}}


def test_a_protocol_names_the_statistics():
    for written, expected in (
        ("running", Normalisation()),
        ({"statistics": "standing", "batches": 16, "batch_size": 250},
         Normalisation("standing", 250, 16)),
        ({"statistics": "batch", "batch_size": 50}, Normalisation("batch", 50)),
    ):  # fmt: skip
        assert read_protocols(protocol(written))["mine"].normalisation == expected


@pytest.mark.parametrize(
    "written", [{"statistics": "batch", "batch_size": 8}, {"statistics": "standing"}, "batch"]
)
def test_statistics_without_their_sizes_are_refused(written):
    with pytest.raises(ConfigurationError, match=r"mine\.batch_norm"):
        read_protocols(protocol(written))
