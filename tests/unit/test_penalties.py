"""WGAN-GP: the penalty and the losses against closed forms, and the rounds that are played."""

import copy

import pytest
import torch
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro.game import Clock
from gan_repro.images import ImageShape
from gan_repro.losses import wasserstein_fake, wasserstein_generator, wasserstein_real
from gan_repro.methods.wgan_gp import Settings
from gan_repro.nets.critics import Critic
from gan_repro.penalties import gradient_penalty
from gan_repro.training.table import Table
from tensors import close

SHAPE = ImageShape(2, 8, 8)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def stream() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def ends(count: int = 5, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    real, fake = torch.randn(2, count, *SHAPE, dtype=dtype)
    return real, fake


def linear(slope: Tensor):
    """D(x) = <slope, x>, whose gradient is the slope everywhere."""
    return lambda images: (images * slope).sum(dim=(1, 2, 3))


@pytest.mark.parametrize("length", [0.25, 1.0, 3.0])
def test_a_linear_critic_has_a_closed_form(length):
    slope = torch.randn(SHAPE)
    penalty = gradient_penalty(linear(slope * length / slope.norm()), *ends(), stream())
    assert close(penalty, torch.tensor((length - 1.0) ** 2))


def test_a_gradient_of_norm_one_costs_nothing():
    unit = torch.zeros(SHAPE)
    unit[1, 2, 3] = -1.0
    assert gradient_penalty(linear(unit), *ends(), stream()).item() == 0.0


def test_every_pair_has_its_own_point_on_its_segment():
    real, fake = ends()
    seen = []

    def bowl(images: Tensor) -> Tensor:  # its gradient at x is x
        seen.append(images.detach())
        return images.square().sum(dim=(1, 2, 3)) / 2

    penalty = gradient_penalty(bowl, real, fake, stream())
    shares = torch.rand(5, 1, 1, 1, generator=stream())
    points = real + shares * (fake - real)
    assert close(seen[0], points)
    assert close(penalty, (points.flatten(1).norm(dim=1) - 1).square().mean(), 1e-4)
    assert shares.unique().numel() == 5
    one_for_all = real + 0.5 * (fake - real)  # a bug that the closed form must refuse
    assert not close(penalty, (one_for_all.flatten(1).norm(dim=1) - 1).square().mean(), 1e-4)


def penalty_of(critic: nn.Module, dtype: torch.dtype = torch.float64) -> Tensor:
    torch.manual_seed(1)
    return gradient_penalty(critic, *ends(4, dtype), stream())


def slope_along(critic: nn.Module, direction: list[Tensor], step: float) -> float:
    """(P(w + s d) - P(w - s d)) / 2s."""
    values = []
    for sign in (1.0, -1.0):
        moved = copy.deepcopy(critic)
        with torch.no_grad():
            for weight, change in zip(moved.parameters(), direction, strict=True):
                weight.add_(change, alpha=sign * step)
        values.append(penalty_of(moved).item())
    return (values[0] - values[1]) / (2 * step)


def test_the_double_backward_agrees_with_finite_differences():
    critic = Critic(SHAPE, 3).double()
    penalty_of(critic).backward()
    gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in critic.parameters()]
    for seed in range(5):
        draw = torch.Generator().manual_seed(seed)
        direction = [torch.randn(w.shape, generator=draw).double() for w in critic.parameters()]
        expected = sum((g * d).sum().item() for g, d in zip(gradients, direction, strict=True))
        assert abs(expected) > 1e-2
        assert abs(slope_along(critic, direction, 1e-7) - expected) < 1e-5 * abs(expected) + 1e-6


def test_a_critic_without_slope_costs_one_and_gets_no_nan():
    critic = Critic(SHAPE, 3)
    nn.init.zeros_(critic.dense.weight)
    penalty = penalty_of(critic, torch.float32)
    penalty.backward()
    assert penalty.item() == 1.0
    assert all(w.grad is None or torch.isfinite(w.grad).all() for w in critic.parameters())


def test_the_ends_get_no_gradient():
    real, fake = ends()
    fake.requires_grad_(True)
    gradient_penalty(Critic(SHAPE, 3), real, fake, stream()).backward()
    assert fake.grad is None


def test_bfloat16_is_precise_enough():
    """The penalty's gradient errs less than that of the scores themselves, so it stays in bf16."""
    torch.manual_seed(0)
    critic, (real, fake) = Critic(ImageShape(1, 28, 28), 16), torch.randn(2, 32, 1, 28, 28)

    def gradients(loss, low: bool) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=low):
            value = loss()
        found = torch.autograd.grad(value, list(critic.parameters()), allow_unused=True)
        return torch.cat([g.flatten() for g in found if g is not None])

    def penalty() -> Tensor:
        return gradient_penalty(critic, real, fake, stream())

    def scores() -> Tensor:
        return wasserstein_real(critic(real)) + wasserstein_fake(critic(fake))

    def error(loss) -> float:
        exact = gradients(loss, low=False)
        return ((gradients(loss, low=True) - exact).norm() / exact.norm()).item()

    assert 0 < error(penalty) < min(error(scores), 0.03)


def test_wasserstein_losses_have_their_closed_forms():
    scores = torch.tensor([-2.0, 0.5, 4.5])
    assert close(wasserstein_real(scores), torch.tensor(-1.0))
    assert close(wasserstein_fake(scores), torch.tensor(1.0))
    assert close(wasserstein_generator(scores), torch.tensor(-1.0))
    for loss in (wasserstein_real, wasserstein_fake, wasserstein_generator):
        assert loss(scores.bfloat16()).dtype == torch.float32


# the game

BOTH = pytest.mark.parametrize("kind", ["wgan_gp", "class_splitting"])


@BOTH
def test_a_round_eats_five_batches_and_the_generator_makes_twice_as_many_fakes(kind):
    table = tiny.table(tiny.run(kind))
    made: list[int] = []
    scored: list[int] = []
    players = table.game.players
    players["generator"].register_forward_hook(lambda net, _, images: made.append(len(images)))
    players["critic"].register_forward_hook(lambda net, images, _: scored.append(len(images[0])))
    table.play(Clock(0, 4))
    assert table.batches.place == 5 * 6
    assert made == [6] * 5 + [12]
    assert scored == [6] * 15 + [12]  # real, fake and between, five times
    table.play(Clock(1, 4))
    assert table.batches.place == 10 * 6


@BOTH
def test_the_learning_rate_falls_linearly_to_nothing(kind):
    stepper = tiny.table(tiny.run(kind)).stepper
    for number in (0, 250, 999):
        stepper.begin(Clock(number, 1000))
        for optimiser in stepper.optimisers.values():
            (group,) = optimiser.param_groups
            assert abs(group["lr"] - 2e-4 * (1 - number / 1000)) < 1e-12
            assert (group["betas"], group["eps"]) == ((0.0, 0.9), 1e-8)


def losses_by_hand(table: Table, images: Tensor, latents: Tensor) -> dict[str, Tensor]:
    """The critic's turn of WGAN-GP once more, written out, on one batch."""
    critic, draw = table.game.players["critic"], table.draws["interpolation"]
    fakes = table.game.players["generator"](latents).detach()
    shares = torch.rand(len(images), 1, 1, 1, generator=draw)
    points = ((1 - shares) * images + shares * fakes).requires_grad_(True)
    (slopes,) = torch.autograd.grad(critic(points).sum(), points)
    norms = slopes.square().sum(dim=(1, 2, 3)).sqrt()
    return {
        "real": -critic(images).mean(),
        "fake": critic(fakes).mean(),
        "penalty": 10 * (norms - 1).square().mean(),
    }


def test_the_critics_terms_are_those_of_the_paper():
    game_table, twin = (tiny.table(tiny.run("wgan_gp")) for _ in range(2))
    batch = next(game_table.batches)
    clock, turn = Clock(0, 4), game_table.game.turns[0]
    terms = turn.terms(game_table.game.players, batch, game_table.draws, clock, {})
    latents = torch.randn(6, 8, generator=twin.draws["latents"])
    expected = losses_by_hand(twin, batch.images, latents)
    assert terms.losses.keys() == expected.keys()
    for name, value in expected.items():
        assert close(terms.losses[name], value, 1e-4), name


def test_the_constants_are_those_of_gan_cifar_resnet():
    assert Settings().model_dump() == {
        "latent_size": 128,
        "generator_width": 128,
        "critic_width": 128,
        "learning_rate": 2e-4,
        "beta1": 0.0,
        "beta2": 0.9,
        "critic_steps": 5,
        "fakes_per_image": 2,
        "penalty_weight": 10.0,
    }
