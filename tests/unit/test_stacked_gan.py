"""Stacked GAN: networks as tabled, losses as coded, two acts, pace, and weights from elsewhere."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tiny_runs as tiny
from gan_repro.errors import DataError, TrainingError
from gan_repro.game import Clock
from gan_repro.images import ImageShape
from gan_repro.methods import _stacked_losses, stacked_encoder, stacked_gan, stacked_gan_end_to_end
from gan_repro.methods._stacked_turns import Stack, pace
from gan_repro.nets.stacked_discriminators import FeatureDiscriminator, image_discriminator
from gan_repro.nets.stacked_encoder import Encoder
from gan_repro.nets.stacked_generators import FeatureGenerator, ImageGenerator
from gan_repro.nets.stacked_weights import encoder_weights
from gan_repro.runs import RunSpec
from gan_repro.training.table import Table, lay
from tensors import count

CIFAR, MNIST = ImageShape(3, 32, 32), ImageShape(1, 28, 28)
MNIST_NETS = {"networks": "mnist", "generator_width": 8, "discriminator_width": 4}


def dense(inputs: int, outputs: int, norm: bool = True) -> int:
    return (inputs + 1) * outputs + (2 * outputs if norm else 0)


def conv(inputs: int, outputs: int, size: int, norm: bool = True) -> int:
    return (inputs * size * size + 1) * outputs + (2 * outputs if norm else 0)


def laid(kind: str = "stacked_gan", rounds: int = 4, **settings: Any) -> Table:
    return tiny.table(tiny.run(kind, settings=settings, rounds=rounds, pixels="unit"))


# networks: the tables of layers, counted


def test_the_encoders_are_the_papers() -> None:
    cifar, mnist = Encoder(CIFAR, 10), Encoder(MNIST, 10, (32, 32))
    assert cifar.maps == {
        "image": (3, 32, 32), "pool1": (64, 14, 14), "pool2": (128, 5, 5), "fc3": (256,),
        "fc4": (10,),
    }  # fmt: skip
    assert mnist.maps["pool2"] == (32, 4, 4)
    assert count(cifar) == (3 * 25 + 1) * 64 + (64 * 25 + 1) * 128 + 3201 * 256 + 257 * 10
    images = torch.rand(2, *CIFAR)
    features, logits = cifar(images)
    assert torch.equal(cifar.climb(images, "image", "fc3"), features)
    assert torch.equal(cifar.climb(features, "fc3", "fc4"), logits)
    cifar.mean.fill_(0.25)
    assert torch.equal(cifar(images + 0.25)[1].round(decimals=4), logits.round(decimals=4))


def test_cifars_networks_have_the_layers_of_the_code() -> None:
    g1 = dense(50, 256) + dense(10, 512) + dense(768, 512) + dense(512, 512)
    assert count(FeatureGenerator(50, 10, (256,), 512, "cifar10")) == g1 + dense(512, 256, False)
    g0 = dense(16, 128) + dense(128, 128) + dense(384, 6400) + conv(256, 256, 5)
    g0 += conv(256, 128, 5) + conv(128, 128, 5) + conv(128, 3, 5, False)
    generator = ImageGenerator(16, 256, CIFAR, 256, "cifar10")
    assert count(generator) == g0
    assert generator(torch.rand(2, 16), torch.rand(2, 256)).shape == (2, 3, 32, 32)
    d1 = dense(256, 512, False) + dense(512, 512) + dense(512, 10, False) + dense(512, 50, False)
    assert count(FeatureDiscriminator(256, 10, 50, 512, "cifar10")) == d1
    d0 = conv(3, 96, 3, False) + conv(96, 96, 3) + conv(96, 192, 3) + 2 * conv(192, 192, 3)
    d0 += conv(192, 192, 1, False) + dense(192, 10, False) + dense(6 * 6 * 192, 16, False)
    judge = image_discriminator(CIFAR, 10, 16, 96, "cifar10")
    assert count(judge) == d0
    assert [x.shape for x in judge(torch.rand(2, *CIFAR), False)] == [(2, 10), (2, 16)]


def test_mnists_networks_have_the_layers_of_the_code() -> None:
    g1 = dense(60, 512) + dense(512, 512) + dense(512, 256, False)
    assert count(FeatureGenerator(50, 10, (256,), 512, "mnist")) == g1
    g0 = dense(50, 128) + dense(384, 2048) + conv(128, 128, 5) + conv(128, 64, 5)
    g0 += conv(64, 64, 5) + conv(64, 1, 5, False)
    generator = ImageGenerator(50, 256, MNIST, 128, "mnist")
    assert count(generator) == g0
    assert generator(torch.rand(2, 50), torch.rand(2, 256)).shape == (2, 1, 28, 28)
    d1 = 2 * dense(256, 256, False) + dense(256, 1, False) + dense(256, 50, False)
    assert count(FeatureDiscriminator(256, 1, 50, 256, "mnist")) == d1
    d0 = conv(1, 32, 5, False) + conv(32, 64, 5, False) + conv(64, 128, 5, False)
    d0 += dense(4 * 4 * 128, 256, False) + dense(256, 1, False) + dense(256, 50, False)
    assert count(image_discriminator(MNIST, 1, 50, 32, "mnist")) == d0


# losses


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape)))


def test_the_discriminators_loss_is_the_codes() -> None:
    """-a_y + l on real, (-l + sp(l)) / 2 on real, sp(l) / 2 on fake, 10 MSE(Q, z)."""
    real, fake, noise = numbers(6, 4), numbers(6, 4).flip(0), torch.rand(6, 3)
    recovered, rows = torch.rand(6, 3), F.one_hot(torch.arange(6) % 4, 4).float()
    found, adversarial = _stacked_losses.discriminator_losses(
        stacked_gan.Settings(), real, (fake, recovered), noise, rows
    )
    a, b = real.double().logsumexp(1), fake.double().logsumexp(1)
    sp = lambda x: torch.log1p(x.exp())  # noqa: E731
    assert found["classes"].item() == pytest.approx((-(real * rows).sum(1) + a).mean().item())
    assert found["real"].item() == pytest.approx(0.5 * (-a + sp(a)).mean().item())
    assert found["fake"].item() == pytest.approx(0.5 * sp(b).mean().item())
    assert found["entropy"].item() == pytest.approx(10 * ((recovered - noise) ** 2).mean().item())
    assert adversarial.item() == pytest.approx((found["real"] + found["fake"]).item())


@pytest.mark.parametrize("form", ["saturating", "non_saturating"])
def test_the_generators_loss_has_both_forms(form: str) -> None:
    settings = stacked_gan.Settings(generator_loss=form, entropy_weight=0)
    fake = numbers(6, 4)
    found = _stacked_losses.generator_losses(
        settings, (fake, torch.zeros(6, 3)), torch.zeros(6, 3), numbers(6, 5), numbers(6, 5) + 1,
        False,
    )  # fmt: skip
    d = torch.sigmoid(fake.double().logsumexp(1))
    expected = torch.log(1 - d) if form == "saturating" else -torch.log(d)
    assert found["adversarial"].item() == pytest.approx(expected.mean().item(), rel=1e-5)
    assert found["conditional"].item() == pytest.approx(1.0)
    assert "entropy" not in found


def test_the_bottom_level_can_do_without_the_entropy_loss() -> None:
    table = laid(image_entropy_weight=0.0, paced=False)
    table.play(Clock(0, 4))
    found = {column for column in table.history.columns if column.endswith("entropy")}
    assert found == {"discriminator_1.entropy", "generator_1.entropy"}


@pytest.mark.parametrize(("loss", "count"), [(0.7, 1), (0.6, 3), (0.4, 5), (0.1, 7)])
def test_generators_learn_more_often_where_the_discriminator_wins(loss: float, count: int) -> None:
    assert _stacked_losses.steps(torch.tensor(loss)) == count


# acts


def test_in_the_joint_act_the_images_discriminator_paces_every_generator() -> None:
    settings = stacked_gan.Settings(**MNIST_NETS, discriminator="binary")
    stack = Stack(settings, MNIST, 10, ("fc3",), independent_share=0.5)
    losses = {"discriminator_0": 0.4, "discriminator_1": 0.7}
    played = {name: {"adversarial": torch.tensor(loss)} for name, loss in losses.items()}
    paces = [[pace(stack, i, played, Clock(n, 4)) for i in (0, 1)] for n in (1, 2)]
    assert paces == [[5, 1], [5, 5]]


def test_optimisers_forget_the_first_act_when_the_second_begins() -> None:
    table = laid(independent_share=0.5, paced=False)
    ages = []
    for number in range(4):
        table.play(Clock(number, 4))
        state = table.stepper.optimisers["generator_0"].state
        ages.append(int(next(iter(state.values()))["step"]) if state else 0)
    assert ages == [1, 0, 1, 2]


def test_conditions_are_real_in_the_first_act_and_made_in_the_second() -> None:
    table = laid(independent_share=0.5, paced=False, **MNIST_NETS)
    terms = {turn.name: turn.terms for turn in table.game.turns}
    batch = next(table.batches)
    for played, moves in ((0, False), (2, True)):
        clock, memory = Clock(played, 4), {}
        terms["discriminator_0"](table.game.players, batch, table.draws, clock, memory)
        upper = table.game.players["generator_1"].requires_grad_(True)
        found = terms["generator_0"](table.game.players, batch, table.draws, clock, memory)
        assert found.losses["adversarial"].requires_grad == moves
        upper.requires_grad_(False)
        below = terms["generator_1"](table.game.players, batch, table.draws, clock, memory)
        assert bool(below.losses["below"] != 0) == moves


def test_the_encoder_never_moves() -> None:
    table = laid(paced=False)
    before = {k: v.clone() for k, v in table.game.players["encoder"].state_dict().items()}
    for number in range(4):
        table.play(Clock(number, 4))
    after = table.game.players["encoder"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not table.game.players["encoder"].training


def test_without_a_trained_encoder_nothing_begins() -> None:
    spec = RunSpec(**tiny.run("stacked_gan"))
    with pytest.raises(TrainingError, match="needs a trained 'stacked_encoder' as its encoder"):
        lay(spec, tiny.digits(), tiny.digits().labels)


@pytest.mark.parametrize("levels", [(), ("fc3",), ("pool2", "fc3"), ("pool1", "pool2", "fc3")])
@pytest.mark.parametrize("labelled", [True, False])
def test_any_number_of_stacks_with_and_without_labels(levels: tuple[str, ...], labelled) -> None:
    table = laid(levels=levels, labelled=labelled, independent_share=0.5, paced=False)
    for number in range(4):
        table.play(Clock(number, 4))
    assert torch.isfinite(table.history.check(4)).all()
    assert sum(name.startswith("generator") for name in table.game.players) == len(levels) + 1
    made = table.game.sampler.generate(table.game.players, table.game.sampler.draw(3, table.draws))
    assert (made.labels is not None) == labelled
    if not labelled:
        zeros = np.zeros(100, np.int64)
        again = tiny.run("stacked_gan", settings={"levels": levels, "labelled": False}, rounds=4)
        found = []
        for labels in (tiny.digits().labels, zeros):
            one = lay(RunSpec(**again), tiny.digits(), labels, upstream(again))
            one.play(Clock(0, 4))
            found.append(one.history.check(1))
        assert torch.equal(*found)


def upstream(run: dict[str, Any]) -> dict[str, Tensor] | None:
    return tiny.upstream(RunSpec(**run), tiny.digits())


def test_the_whole_generator_is_both_generators_and_q_recovers_both_noises() -> None:
    settings = stacked_gan_end_to_end.Settings(generator_width=8, feature_generator_width=8)
    game = stacked_gan_end_to_end.build(settings, CIFAR, 10)
    stack = Stack(stacked_gan.Settings(**settings.model_dump()), CIFAR, 10, ("fc3",)).players()
    both = count(stack["generator_0"]) + count(stack["generator_1"])
    assert count(game.players["generator_0"]) == both
    _, recovered = game.players["discriminator_0"](torch.rand(2, *CIFAR), False)
    assert recovered.shape == (2, 16 + 50)


# the encoder's own run


def test_the_training_mean_is_subtracted_after_the_first_round() -> None:
    table = laid("stacked_encoder")
    encoder = table.game.players["stacked_encoder"]
    table.play(Clock(0, 4))
    pixels = tiny.digits().images.astype(np.float64).mean(axis=0) / 255
    np.testing.assert_allclose(encoder.mean.numpy(), pixels, atol=1e-6)
    before = encoder.mean.clone()
    table.play(Clock(1, 4))
    assert torch.equal(encoder.mean, before)


def test_images_are_mirrored_and_turned() -> None:
    images = torch.rand(8, 1, 4, 4)
    draws = {"flips": torch.Generator().manual_seed(0)}
    flipped = stacked_encoder.flipped(images, draws)
    kinds = [torch.equal(f, i) for f, i in zip(flipped, images, strict=True)]
    mirrored = [torch.equal(f, i.flip(2)) for f, i in zip(flipped, images, strict=True)]
    assert set(zip(kinds, mirrored, strict=True)) == {(True, False), (False, True)}
    turned, rows = stacked_encoder.turned(images)
    assert all(
        torch.equal(t, i.rot90(k % 4, dims=(1, 2)))
        for k, (t, i) in enumerate(zip(turned, images, strict=True))
    )
    assert rows.argmax(1).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


def test_the_authors_weights_fit() -> None:
    """Lasagne's arrays of a known network compute what the network computes."""
    torch.manual_seed(0)
    encoder = Encoder(MNIST, 10, (32, 32))
    state = encoder.state_dict()
    arrays = {}
    for i, name in enumerate(("conv1", "conv2", "fc3", "fc4")):
        weight = state[f"{name}.weight"].numpy()
        arrays[f"arr_{2 * i}"] = weight.T if name.startswith("fc") else weight
        arrays[f"arr_{2 * i + 1}"] = state[f"{name}.bias"].numpy()
    again = Encoder.from_weights(encoder_weights(arrays, np.zeros(MNIST)))
    images = torch.rand(3, *MNIST)
    assert torch.equal(again(images)[1], encoder(images)[1])
    with pytest.raises(DataError, match="expected arr_0 to arr_7"):
        encoder_weights({"arr_0": arrays["arr_0"]}, np.zeros(MNIST))
    with pytest.raises(DataError, match=r"fc3 has a weight of shape \(256, 512\)"):
        encoder_weights({**arrays, "arr_4": arrays["arr_4"].T}, np.zeros(MNIST))
