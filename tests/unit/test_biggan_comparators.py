"""Top-k, consistency regularisation and DiffAugment, against plain computations."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_repro.augmentation import augment
from gan_repro.game import Clock
from gan_repro.methods import consistency_gan, diffaugment_gan, topk_gan
from tensors import close, differ
from tiny_turns import LABELS, REAL, draws, laid, play, score

CONDITIONAL = pytest.mark.parametrize("conditional", [True, False])
ICR = {"real_weight": 10, "fake_weight": 10, "near_weight": 20, "spread_weight": 0.5}
NONE = dict.fromkeys(ICR, 0)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        yield


# what all share


@CONDITIONAL
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("topk_gan", {"gamma": 1.0}),
        ("consistency_gan", NONE),
        ("diffaugment_gan", {"policy": (), "flip": False}),
        ("fq_gan", {"codes": 8}),
    ],
)
def test_without_its_idea_a_method_is_biggan(kind, settings, conditional):
    ours = play(laid(kind, conditional=conditional, **settings), clock=Clock(3, 4)).terms
    base = play(laid("biggan", conditional=conditional), clock=Clock(3, 4)).terms
    for turn, name in (
        ("discriminator", "real"), ("discriminator", "fake"), ("generator", "adversarial"),
    ):  # fmt: skip
        assert close(ours[turn].losses[name], base[turn].losses[name], 1e-6)


# Top-k


def test_k_falls_by_gamma_an_epoch_to_nu_of_the_batch():
    settings = topk_gan.Settings(gamma=0.97, least_share=0.6, epochs=40)
    k, expected, found = 50.0, [], []
    for epoch in range(40):
        expected.append(int(k))
        k = max(0.97 * k, 30.0)
        found.append(settings.kept(50, Clock(epoch * 5 + 4, 200)))
    assert found == expected
    assert (found[0], found[-1]) == (50, 30)


def test_k_falls_at_the_same_shares_of_a_short_run():
    settings = topk_gan.Settings()
    for share in (0.0, 0.02, 0.1, 0.5):
        short, whole = (settings.kept(50, Clock(int(share * n), n)) for n in (3_000, 125_000))
        assert short == whole
    assert topk_gan.Settings(least_share=0.1).kept(2, Clock(999, 1000)) == 1


@CONDITIONAL
@pytest.mark.parametrize("kind", ["topk_gan", "consistency_gan"])
def test_the_generator_learns_from_its_best_images(kind, conditional):
    extra = {"top_k": True, **NONE} if kind == "consistency_gan" else {}
    game = laid(kind, conditional=conditional, **extra)
    found = play(game, clock=Clock(50, 500))
    scores = sorted(score(game, found.fake, found.labels).tolist())
    assert found.terms["generator"].observed["kept"].item() == 0.5  # .99^50 6 = 3.63
    assert found.terms["generator"].losses["adversarial"].item() == pytest.approx(
        -sum(scores[3:]) / 3, rel=1e-4
    )
    assert scores[5] - scores[0] > 1e-3


def test_images_that_are_left_out_get_no_gradient():
    scores = torch.tensor([0.1, -2.0, 3.0, 0.5], requires_grad=True)
    topk_gan.best(scores, 2).sum().backward()
    assert scores.grad.tolist() == [0.0, 0.0, 1.0, 1.0]


# consistency


@pytest.mark.parametrize("passes", ["joint", "separate"])
@CONDITIONAL
def test_each_part_of_icr_is_a_mean_squared_difference(passes, conditional):
    game = laid("consistency_gan", conditional=conditional, passes=passes, radius=0.5)
    found = play(game)
    judging, making = found.terms["discriminator"].losses, found.terms["generator"].losses
    stream, labels = draws(game)["augmentation"], LABELS if conditional else None
    noise = torch.randn(found.latents.shape, generator=draws(game)["perturbation"])
    with torch.no_grad():
        near = game.players["generator"](found.latents + 0.5 * noise, found.labels)
    real, fake = score(game, REAL, labels), score(game, found.fake, found.labels)
    moved = score(game, augment(REAL, ("flip", "shift"), stream), labels)
    moved_fake = score(game, augment(found.fake, ("flip", "shift"), stream), found.labels)
    expected = {
        "real_consistency": 10 * (real - moved).pow(2).mean(),
        "fake_consistency": 10 * (fake - moved_fake).pow(2).mean(),
        "latent_consistency": 20 * (fake - score(game, near, found.labels)).pow(2).mean(),
    }
    for name, value in expected.items():
        assert value > 1e-6
        assert judging[name].item() == pytest.approx(value.item(), rel=2e-3)
    assert close(judging["real"], F.relu(1 - real).mean())
    assert close(judging["fake"], F.relu(1 + fake).mean())
    spread = sum((found.fake - near).pow(2).flatten().tolist()) / found.fake.numel()
    assert making["spread"].item() == pytest.approx(-0.5 * spread, rel=1e-4)
    assert set(judging) == {"real", "fake", *expected}


@pytest.mark.parametrize(
    ("on", "judging", "making"),
    [
        ({"real_weight"}, {"real_consistency"}, set()),
        ({"real_weight", "fake_weight"}, {"real_consistency", "fake_consistency"}, set()),
        ({"near_weight", "spread_weight"}, {"latent_consistency"}, {"spread"}),
        (set(ICR), {"real_consistency", "fake_consistency", "latent_consistency"}, {"spread"}),
    ],
)
def test_a_weight_of_0_switches_its_part_off(on, judging, making):
    weights = {name: value if name in on else 0 for name, value in ICR.items()}
    terms = play(laid("consistency_gan", **weights)).terms
    assert set(terms["discriminator"].losses) == {"real", "fake", *judging}
    assert set(terms["generator"].losses) == {"adversarial", *making}


def test_the_defaults_are_icrs_and_zcr_moves_images_apart():
    assert consistency_gan.Settings().model_dump().items() >= ICR.items()
    game = laid("consistency_gan", radius=0.5)
    game.players["generator"].requires_grad_(True)
    spread = play(game).terms["generator"].losses["spread"]
    spread.backward()
    assert spread < 0
    assert any(p.grad.abs().max() > 0 for p in game.players["generator"].parameters())


# DiffAugment


@CONDITIONAL
def test_diffaugment_judges_augmented_images_in_both_turns(conditional):
    game = laid("diffaugment_gan", conditional=conditional, flip=False)
    policy = diffaugment_gan.Settings().policy
    assert policy == ("translation", "cutout")
    found, stream = play(game), draws(game)["augmentation"]
    real = score(game, augment(REAL, policy, stream), LABELS if conditional else None)
    fake = score(game, augment(found.fake, policy, stream), found.labels)
    own = score(game, augment(found.fake, policy, draws(game)["augmentation"]), found.labels)
    losses = found.terms["discriminator"].losses
    assert close(losses["real"], F.relu(1 - real).mean())
    assert close(losses["fake"], F.relu(1 + fake).mean())
    assert close(found.terms["generator"].losses["adversarial"], -own.mean())
    assert set(losses) == {"real", "fake"}
    assert differ(real, score(game, REAL, LABELS if conditional else None))


def test_the_generators_gradient_passes_the_augmentation():
    game = laid("diffaugment_gan", policy=("colour", "translation", "cutout"))
    game.players["generator"].requires_grad_(True)
    seen: list[Tensor] = []
    game.players["discriminator"].trunk.register_forward_hook(
        lambda m, i, out: seen.append(i[0].detach())
    )
    play(game).terms["generator"].losses["adversarial"].backward()
    cut = [(images == 0).flatten(1).float().mean(dim=1) for images in seen]
    assert [len(shares) for shares in cut] == [12, 6]
    assert all(shares.min() >= 0.0625 for shares in cut), "each image has lost a square"
    assert all(p.grad is not None for p in game.players["generator"].parameters())


def test_diffaugments_consistency_is_between_augmented_and_twice_augmented_images():
    game = laid("diffaugment_gan", flip=False, policy=("cutout",), consistency_weight=10.0)
    found, stream = play(game), draws(game)["augmentation"]
    once = augment(REAL, ("cutout",), stream)
    augment(found.fake, ("cutout",), stream)
    again = augment(once, ("flip", "translation"), stream)
    apart = (score(game, once, LABELS) - score(game, again, LABELS)).pow(2).mean()
    assert apart > 1e-6
    said = found.terms["discriminator"].losses["consistency"].item()
    assert said == pytest.approx(10 * apart.item(), rel=2e-3)


def test_diffaugments_run_is_twice_as_long_and_its_average_is_not():
    average = laid("diffaugment_gan").averages["generator"]
    assert average.weight_of_old(Clock(1_000, 250_000)) == pytest.approx(0.9999)
    assert average.weight_of_old(Clock(999, 250_000)) == 0.0
