"""Four comparators of Stacked GAN's Table 1: layers and losses against closed forms."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

import tiny_runs as tiny
from gan_repro import kinds
from gan_repro.game import Batch, Clock, Game, Terms
from gan_repro.images import MISSING, ImageShape
from gan_repro.methods import dcgan_labels, egan_ent_vi, gman, improved_gan
from gan_repro.nets import energy
from gan_repro.nets.dcgan import Discriminator, Generator
from gan_repro.nets.improved_gan import Discriminator as ManyLogits
from gan_repro.nets.minibatch import MinibatchDiscrimination
from gan_repro.nets.weight_norm import WeightNorm
from gan_repro.training.table import Table
from tensors import close, count, differ

CIFAR, STL, MNIST, DIGITS = (
    ImageShape(*s) for s in ((3, 32, 32), (3, 48, 48), (1, 28, 28), (1, 8, 8))
)
LATER = Clock(1, 4)
"""A round in which no scales are set."""


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


class Says(nn.Module):
    """A player that gives these answers, one after the other, whatever it is asked."""

    def __init__(self, *answers: Tensor) -> None:
        super().__init__()
        self.answers = list(answers)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.answers.pop(0)


def play(game: Game, number: int, labels: Iterable[int] = (0, 1, 2), count: int = 3) -> Terms:
    """The terms of a turn in a later round, with ``count`` images of nothing."""
    batch = Batch(torch.zeros(count, 1, 8, 8), torch.tensor(list(labels)), torch.arange(count))
    draws = {name: torch.Generator().manual_seed(0) for name in game.streams}
    return game.turns[number].terms(game.players, batch, draws, LATER, {"count": count})


def equals(value: Tensor, expected: float) -> bool:
    return abs(value.item() - expected) < 1e-5


# the DCGAN family


def test_dcgans_have_the_sizes_of_dcgan_code():
    first = 100 * 8192 + 2 * 8192
    maps = 25 * (512 * 256 + 256 * 128 + 128 * 3) + 2 * (256 + 128)
    assert count(Generator(CIFAR, 100, 128)) == first + maps
    convs = 25 * (3 * 128 + 128 * 256 + 256 * 512) + 2 * (256 + 512)
    assert count(Discriminator(CIFAR, 128)) == convs + 8192


@pytest.mark.parametrize(
    ("shape", "bottom"),
    [(DIGITS, (4, 4, 4)), (MNIST, (8, 7, 7)), (CIFAR, (16, 4, 4)), (STL, (16, 6, 6))],
)
def test_dcgans_fit_every_size(shape, bottom):
    generator, judge = Generator(shape, 10, 4), Discriminator(shape, 4)
    images = generator(torch.randn(5, 10))
    assert generator.bottom == bottom
    assert images.shape == (5, *shape)
    assert judge(images).shape == (5,)
    assert judge.features(images).shape == (5, judge.features_size) == (5, math.prod(bottom))
    seen = Discriminator(shape, 4, outputs=3, channels=shape.channels + 2, dropout=0.5, depth=1)
    assert seen(torch.randn(5, shape.channels + 2, *shape[1:])).shape == (5, 3)


def test_dcgans_weights_are_normal():
    for network in (Generator(CIFAR, 100, 16), Discriminator(CIFAR, 16)):
        for name, weight in network.named_parameters():
            if weight.ndim > 1:
                assert abs(weight.std().item() - 0.02) < 0.002
            else:
                assert abs(weight.mean().item() - (1.0 if "weight" in name else 0.0)) < 0.02


# minibatch discrimination, weight normalisation


def test_minibatch_discrimination_is_the_papers_sum():
    layer = MinibatchDiscrimination(2, kernels=3, size=4)
    with torch.no_grad():
        layer.log_scale.copy_(torch.randn(3, 4))
    features = torch.randn(5, 2)
    theta, scale = layer.weight.detach().numpy(), layer.log_scale.detach().exp().numpy()
    rows = theta * scale / np.sqrt((theta**2).sum(axis=0))
    seen = np.einsum("ni,iks->nks", features.numpy(), rows)
    expected = np.full((5, 3), -1.0)  # b
    for i in range(5):
        for j in range(5):
            if i != j:
                expected[i] += np.exp(-np.abs(seen[i] - seen[j]).sum(axis=1))
    found = layer(features)
    assert close(found[:, :2], features)
    assert close(found[:, 2:], torch.tensor(expected, dtype=torch.float32))


def test_an_image_that_comes_twice_is_seen():
    layer = MinibatchDiscrimination(2, kernels=3)
    apart, twice = torch.tensor([[0.0, 0.0], [9.0, 9.0]]), torch.zeros(2, 2)
    assert close(layer(twice)[:, 2:], torch.zeros(2, 3))  # exp(0) - 1
    assert layer(apart)[:, 2:].max() < -0.5


def test_the_first_batch_sets_the_scales_of_minibatch_discrimination():
    layer, features = MinibatchDiscrimination(6, kernels=3), torch.randn(20, 6)
    found = layer.initialise(features)
    assert close(layer.distances(features).min(dim=1).values.mean(dim=0), torch.full((3,), 2.0))
    assert close(found[:, 6:].mean(dim=0), torch.zeros(3))
    assert close(layer(features), found)


LAYERS = {
    "linear": (lambda: nn.Linear(4, 6, bias=False), (40, 4)),
    "convolution": (lambda: nn.Conv2d(4, 6, 3, bias=False), (10, 4, 5, 5)),
    "transposed": (lambda: nn.ConvTranspose2d(4, 6, 3, bias=False), (10, 4, 5, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_weight_norm_divides_each_output_by_its_weights_norm(name):
    make, shape = LAYERS[name]
    bare, x = make(), torch.randn(shape)
    layer = WeightNorm(bare)
    axes = (0, 2, 3) if name == "transposed" else tuple(range(1, bare.weight.ndim))
    plain = bare(x)
    norms = bare.weight.square().sum(axes).add(1e-6).sqrt()
    expected = plain / norms.view(-1, *[1] * (plain.ndim - 2))
    assert close(layer(x), expected)
    with torch.no_grad():
        bare.weight.mul_(7)
    assert close(layer(x), expected, 1e-3)


@pytest.mark.parametrize("name", LAYERS)
def test_the_first_batch_sets_mean_and_deviation(name):
    make, shape = LAYERS[name]
    layer, x = WeightNorm(make(), learns_scale=True, deviation=0.1), 3 + torch.randn(shape)
    y = layer.initialise(x)
    assert close(y, layer(x))
    rows = y.transpose(0, 1).flatten(1)
    assert close(rows.mean(dim=1), torch.zeros(6))
    assert close(rows.std(dim=1, correction=0), torch.full((6,), 0.1))
    assert close(layer.initialise(x), y)  # and once more changes nothing


def test_only_last_scales_learn():
    network = ManyLogits(DIGITS, 4, 10, kernels=5, noise=0.2, dropout=0.5)
    learned = [name for name, _ in network.named_parameters() if name.endswith(".scale")]
    kept = [name for name, _ in network.named_buffers() if name.endswith(".scale")]
    assert learned == ["head.1.scale"]
    assert len(kept) == 9


# Improved GAN


def improved(**settings: float) -> Game:
    small = tiny.method("improved_gan", **settings)
    small.pop("kind")
    return improved_gan.build(improved_gan.Settings(**small), DIGITS, 3)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


def test_k_logits_give_the_losses_of_the_script():
    real, fake = np.random.default_rng(0).normal(size=(2, 3, 3))
    game = improved(unlabelled_weight=0.5)
    game.players["discriminator"] = Says(torch.tensor(real), torch.tensor(fake))
    losses = play(game, 0, labels=(2, MISSING, 0)).losses
    l_real, l_fake = (np.log(np.exp(a).sum(axis=1)) for a in (real, fake))
    labelled = ((l_real[0] - real[0, 2]) + (l_real[2] - real[2, 0])) / 2
    assert equals(losses["labelled"], labelled)
    assert equals(losses["real"], 0.5 * 0.5 * (softplus(l_real) - l_real).mean())
    assert equals(losses["fake"], 0.5 * 0.5 * softplus(l_fake).mean())
    game.players["discriminator"] = Says(torch.tensor(fake))
    assert equals(play(game, 1).losses["adversarial"], -softplus(l_fake).mean())


def test_feature_matching_compares_the_means_of_features():
    real, fake = torch.tensor([[1.0, 4.0], [3.0, 0.0]]), torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    assert equals(improved_gan.mean_gap(real, fake), (1.5 + 1.5) / 2)
    game = improved(feature_matching=True, generator_steps=1)
    assert game.turns[1].batch == "same"
    discriminator = game.players["discriminator"].eval()
    game.players["generator"] = Says(torch.ones(3, 1, 8, 8))
    gap = discriminator.features(torch.ones(1, 1, 8, 8)) - discriminator.features(
        torch.zeros(1, 1, 8, 8)
    )
    assert equals(play(game, 1).losses["adversarial"], gap.abs().mean().item())


def rounds(table: Table, total: int) -> None:
    for round_number in range(total):
        table.play(Clock(round_number, 4))


def test_historical_averaging_pulls_to_the_mean_of_all_rounds():
    table = tiny.table(tiny.run("improved_gan", settings={"history_weight": 2.0}))
    past: dict[str, list[Tensor]] = {name: [] for name in table.game.players}
    for round_number in range(3):
        table.play(Clock(round_number, 4))
        for name, player in table.game.players.items():
            past[name].append(parameters_to_vector(player.parameters()).detach())
    batch = next(table.batches)
    for turn in table.game.turns:
        mean = torch.stack(past[turn.name]).mean(dim=0)
        assert close(table.game.state[f"{turn.name}_mean"], mean)
        terms = turn.terms(table.game.players, batch, table.draws, Clock(3, 4), {"count": 6})
        expected = 2 * (past[turn.name][-1] - mean).square().sum().item()
        assert expected > 0
        assert abs(terms.losses["history"].item() / expected - 1) < 1e-4


def test_without_history_nothing_is_remembered():
    table = tiny.table(tiny.run("improved_gan"))
    rounds(table, 1)
    assert table.game.state == {}
    assert not any(name.endswith("history") for name in table.history.table())


def test_only_the_first_round_sets_scales():
    table = tiny.table(tiny.run("improved_gan"))
    scales = lambda: dict(table.game.players["discriminator"].named_buffers())["layers.1.scale"]  # noqa: E731
    fresh = scales().clone()
    rounds(table, 1)
    first = scales().clone()
    table.play(Clock(1, 4))
    assert differ(first, fresh)
    assert torch.equal(scales(), first)


# GMAN

VALUES = torch.tensor([-1.0, -0.5, -2.0])


def test_lambda_goes_from_the_mean_to_the_maximum():
    assert close(gman.weights(VALUES, 0.0), torch.full((3,), 1 / 3))
    assert gman.weights(VALUES, math.inf).tolist() == [0, 1, 0]
    soft = np.exp(2 * VALUES.numpy())
    assert close(gman.weights(VALUES, torch.tensor(2.0)), torch.tensor(soft / soft.sum()))


def test_probabilities_stay_inside_the_margin():
    low, middle, high = gman.log_probability(torch.tensor([-99.0, 0.0, 99.0]), 0.01).exp()
    assert equals(low, 0.01)
    assert equals(middle, 0.5)
    assert equals(high, 0.99)


def mixture(**settings: float) -> Game:
    small = tiny.method("gman", discriminators=3, **settings)
    small.pop("kind")
    return gman.build(gman.Settings(**small), DIGITS, 10)


@pytest.mark.parametrize("sharpness", [0.0, 1.0, math.inf])
def test_gmans_losses_are_the_papers(sharpness):
    scores = np.random.default_rng(0).normal(size=(2, 3, 4))
    probability = 0.98 / (1 + np.exp(-scores)) + 0.01
    game = mixture(sharpness=sharpness)
    answers = [[*torch.tensor(side)] for side in scores]
    game.players["discriminators"] = Says(answers[0], answers[1])
    losses = play(game, 0).losses
    assert equals(losses["real"], -np.log(probability[0]).mean(axis=1).sum())
    assert equals(losses["fake"], -np.log(1 - probability[1]).mean(axis=1).sum())
    game.players["discriminators"] = Says(answers[1])
    values = np.log(1 - probability[1]).mean(axis=1)
    softmax = np.exp(values) / np.exp(values).sum()
    expected = {0.0: values.mean(), 1.0: (softmax * values).sum(), math.inf: values.max()}
    assert equals(play(game, 1).losses["adversarial"], expected[sharpness])


def test_gmans_generator_chooses_lambda():
    game = mixture(learned=True, sharpness=0.5, regulation=0.25)
    chosen = game.players["sharpness"]
    assert (
        game.turns[1].players
        == {"generator", "sharpness"}
        == {*game.optimisers} - {"discriminators"}
    )
    assert equals(chosen(), 0.5)
    game.players["discriminators"] = Says([*torch.randn(3, 4)])
    terms = play(game, 1)
    assert equals(terms.losses["regulation"], -0.25 * 0.5)
    assert equals(terms.observed["sharpness"], 0.5)
    slope = torch.autograd.grad(terms.losses["adversarial"], chosen.raw)[0]
    assert slope > 0  # a milder mixture is smaller, as V's variance is the derivative
    with pytest.raises(ValidationError, match="a learned lambda starts between 0 and infinity"):
        gman.Settings(learned=True, sharpness=math.inf)


def test_discriminators_differ_and_share_the_batch():
    team = gman.Discriminators(CIFAR, gman.Settings(discriminator_width=4))
    drops = [
        next(m.p for m in judge.modules() if isinstance(m, nn.Dropout)) for judge in team.judges
    ]
    assert np.abs(np.array(drops) - [0.482, 0.364, 0.246, 0.128, 0.01]).max() < 1e-9
    depths = [sum(isinstance(m, nn.Conv2d) for m in judge.modules()) for judge in team.judges]
    assert depths == [3, 2, 3, 2, 3]
    team.eval()
    images = torch.randn(7, *CIFAR)
    scores = team(images)
    assert [len(own) for own in scores] == [2, 2, 1, 1, 1]
    assert close(scores[1], team.judges[1](images[[1, 6]]))


# EGAN-Ent-VI


def test_surprise_is_a_gaussians_but_for_a_constant():
    latents, mean, log_scale = torch.randn(3, 4, 5).unbind()
    density = torch.distributions.Normal(mean, log_scale.exp()).log_prob(latents).sum(dim=1)
    constant = 0.5 * 5 * math.log(2 * math.pi)
    code = torch.cat([mean, log_scale], dim=1)
    assert close(egan_ent_vi.surprise(latents, code, 1.0) + constant, -density, 1e-3)
    halved = egan_ent_vi.surprise(latents, code, 0.5)
    assert close(halved, -density - constant - 0.5 * log_scale.sum(dim=1), 1e-3)


def test_egans_terms_are_those_of_the_script():
    small = tiny.method("egan_ent_vi", entropy_weight=0.25)
    small.pop("kind")
    game = egan_ent_vi.build(egan_ent_vi.Settings(**small), DIGITS, 10)
    real, fake = torch.tensor([[1.0], [-2.0]]), torch.tensor([[0.5], [3.0]])
    weights = sum((p**2).sum().item() for p in game.players["generator"].parameters())
    game.players["cost"] = Says(real, fake)
    game.players["cost"].extra = nn.Parameter(torch.tensor([3.0, 4.0]))
    losses = play(game, 0).losses
    assert equals(losses["real"], (math.log1p(math.exp(-1)) + math.log1p(math.exp(2))) / 2)
    assert equals(losses["fake"], -(math.log1p(math.exp(-0.5)) + math.log1p(math.exp(-3))) / 2)
    assert equals(losses["smoothness"], 0.01 * ((1 + 4) / 2 + (0.25 + 9) / 2))
    assert equals(losses["decay"], 1e-5 * 25)
    game.players["cost"], game.players["encoder"] = Says(fake), Says(torch.zeros(3, 16))
    terms = play(game, 1).losses
    latents = 2 * torch.rand(3, 8, generator=torch.Generator().manual_seed(0)) - 1
    assert equals(terms["cost"], (math.log1p(math.exp(-0.5)) + math.log1p(math.exp(-3))) / 2)
    assert equals(terms["entropy"], 0.25 * 0.5 * latents.square().sum(dim=1).mean().item())
    assert equals(terms["decay"], 1e-5 * weights)


def test_egans_networks_have_the_sizes_of_the_script():
    maps = 16 * (512 * 512 + 512 * 256 + 256 * 128) + 2 * (512 + 256 + 128) + 9 * 128 * 3 + 3
    assert count(energy.Generator(CIFAR, 100, 128)) == 100 * 8192 + 2 * 8192 + maps
    convs = 9 * 3 * 64 + 16 * (64 * 128 + 128 * 256 + 256 * 256) + 2 * (64 + 128 + 256 + 256)
    assert count(energy.Stack(CIFAR, 64, 200)) == convs + 4096 * 200 + 200


# DCGAN with labels, and all four


def test_the_class_is_seen_by_both_networks():
    small = tiny.method("dcgan_labels")
    small.pop("kind")
    game = dcgan_labels.build(dcgan_labels.Settings(**small), DIGITS, 10)
    generator, discriminator = (p.eval() for p in game.players.values())
    latents, images = torch.randn(1, 8), torch.randn(1, *DIGITS)
    one, other = torch.eye(10)[:1], torch.eye(10)[1:2]
    assert not torch.equal(generator(latents, one), generator(latents, other))
    assert not torch.equal(discriminator(images, one), discriminator(images, other))


@pytest.mark.parametrize("kind", tiny.METHODS)
def test_guesses_are_said(kind):
    said = getattr(kinds.find("methods", kind), "GUESSES", None)
    if kind in {"dcgan_labels", "egan_ent_vi", "gman"}:
        assert said
    assert said is None or (isinstance(said, tuple) and all(isinstance(g, str) and g for g in said))


VARIANTS = (
    ("improved_gan", {"feature_matching": True, "kernels": 0, "generator_steps": 1}),
    ("improved_gan", {"history_weight": 0.1}),
    ("gman", {"sharpness": math.inf}),
    ("gman", {"learned": True}),
    ("egan_ent_vi", {"entropy_weight": 0.0}),
)


@pytest.mark.parametrize(("kind", "settings"), VARIANTS)
def test_a_variant_resumes_to_the_bit(kind, settings, tmp_path: Path):
    run = tiny.run(kind, {"checkpoint_every": 3}, settings, rounds=20, batch_size=8)
    tiny.killed_midway(run, tmp_path / "killed")
    weights, history, _ = tiny.trained(run, tmp_path / "killed")
    expected, whole, _ = tiny.trained(run, tmp_path / "whole")
    tiny.assert_same(weights, expected)
    assert history.equals(whole)
