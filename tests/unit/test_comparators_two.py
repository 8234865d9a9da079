"""AC-GAN, ALI and denoising feature matching: sizes of the networks, and losses by hand."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro import kinds
from gan_repro.game import Batch, Clock, Game
from gan_repro.images import ImageShape
from gan_repro.methods import acgan, ali, denoising_feature_matching
from gan_repro.nets import acgan as acgan_nets
from gan_repro.nets import ali as ali_nets
from gan_repro.nets.denoiser import Denoiser
from gan_repro.nets.noise import GaussianNoise
from tensors import close, count, differ

CIFAR, STL, FACES, MNIST, DIGITS = (
    ImageShape(*s) for s in ((3, 32, 32), (3, 48, 48), (3, 64, 64), (1, 28, 28), (1, 8, 8))
)
CLOCK = Clock(0, 1)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def sp(scores: Tensor) -> Tensor:
    """E[log(1 + e^s)]."""
    return torch.log1p(scores.exp()).mean()


def small(kind: str, **settings: object) -> Game:
    """A game of tiny networks on digits, in inference mode: no dropout, no noise, no batches."""
    module = kinds.find("methods", kind)
    chosen = {k: v for k, v in tiny.method(kind, **settings).items() if k != "kind"}
    game = module.build(module.Settings(**chosen), DIGITS, 10)
    for player in game.players.values():
        player.eval()
    return game


def draws(*names: str) -> dict[str, torch.Generator]:
    return {name: torch.Generator().manual_seed(number) for number, name in enumerate(names)}


def batch() -> Batch:
    labels = torch.tensor([3, 1, 4, 1, 5, 9])
    return Batch(torch.rand(6, *DIGITS) * 2 - 1, labels, torch.arange(6))


def spread_weights(*networks: nn.Module, deviation: float = 0.3) -> None:
    """Weights large enough that no loss is the same for all inputs."""
    for parameter in (p for network in networks for p in network.parameters()):
        nn.init.normal_(parameter, 0.0, deviation)


@pytest.mark.parametrize("kind", ["acgan", "ali", "denoising_feature_matching"])
def test_guesses_are_told(kind):
    guesses = kinds.find("methods", kind).GUESSES
    assert isinstance(guesses, tuple)
    assert guesses
    assert all(isinstance(guess, str) and guess.strip() for guess in guesses)


# ALI


def test_ali_has_the_sizes_of_its_cifar_table():
    with torch.device("meta"):
        encoder = ali_nets.Encoder(CIFAR, 64, 32)
        decoder = ali_nets.Decoder(CIFAR, 64, 32)
        judge = ali_nets.Discriminator(CIFAR, 64, 32)
    down = [(25, 3, 32), (16, 32, 64), (16, 64, 128), (16, 128, 256), (16, 256, 512), (1, 512, 512)]
    normed = sum(area * i * o + 2 * o for area, i, o in down)
    assert count(encoder) == normed + 512 * 128 + 128
    up = [(16, 64, 256), (16, 256, 128), (16, 128, 64), (16, 64, 32), (25, 32, 32), (1, 32, 32)]
    assert count(decoder) == sum(a * i * o + 2 * o for a, i, o in up) + 32 * 3 + 3 * 32 * 32
    halved = [(25, 3, 32), (16, 16, 64), (16, 32, 128), (16, 64, 256), (16, 128, 512)]
    image = sum(area * i * o for area, i, o in halved) + 32
    code = 64 * 512 + 256 * 512
    joint = 512 * 1024 + 1024 + 512 * 1024 + 1024 + 512 + 1
    assert count(judge) == image + code + joint
    rates = [module.p for module in judge.modules() if isinstance(module, nn.Dropout)]
    assert rates == [0.2, 0.5, 0.5, 0.5, 0.5, 0.2, 0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("shape", "kernels", "channels"),
    [
        (CIFAR, [5, 4, 4, 4, 4], [32, 64, 128, 256, 512]),  # the table
        (MNIST, [5, 4, 4, 4, 3], [32, 64, 128, 256, 512]),
        (STL, [5, 4, 4, 4, 4, 5], [32, 64, 128, 256, 512, 512]),
        (DIGITS, [5, 4], [32, 512]),
    ],
)
def test_ali_goes_down_to_one_place(shape, kernels, channels):
    found = ali_nets.stages(shape, 32)
    assert [stage.kernel for stage in found] == [(kernel, kernel) for kernel in kernels]
    assert [stage.channels for stage in found] == channels
    assert [stage.stride for stage in found] == [*[1, 2, 1, 2, 1][: len(found) - 1], 1]


@pytest.mark.parametrize("shape", [FACES, ImageShape(3, 30, 34)])
def test_alis_decoder_makes_up_for_what_a_stride_leaves(shape):
    assert any(stage.left != (0, 0) for stage in ali_nets.stages(shape, 4))
    decoder, encoder = ali_nets.Decoder(shape, 5, 4), ali_nets.Encoder(shape, 5, 4)
    images = decoder(torch.randn(2, 5))
    assert images.shape == (2, *shape)
    assert encoder(images, torch.randn(2, 5)).shape == (2, 5)


def test_maxout_keeps_the_larger_of_neighbours():
    x = torch.tensor([[1.0, 3.0, -2.0, -5.0]])
    assert ali_nets.Maxout()(x).tolist() == [[3.0, -2.0]]
    assert ali_nets.Maxout()(torch.randn(2, 6, 3, 3)).shape == (2, 3, 3, 3)


def test_alis_code_is_the_mean_and_a_deviation_times_noise():
    encoder = ali_nets.Encoder(DIGITS, 5, 4).eval()
    spread_weights(encoder)
    images, noise = torch.randn(6, *DIGITS), torch.randn(6, 5)
    outputs = encoder.layers(images).flatten(1)
    mean, deviation = outputs[:, :5], outputs[:, 5:].exp()
    assert close(encoder(images, torch.zeros(6, 5)), mean)
    assert close(encoder(images, noise), mean + deviation * noise, 1e-4)


def test_alis_turns_see_the_same_pairs_and_swap_the_labels():
    game, seen, memory = small("ali"), batch(), {}
    spread_weights(*game.players.values())
    first, second = game.turns
    assert second.players == {"encoder", "decoder"}
    assert second.batch == "same"
    d_loss = first.terms(game.players, seen, draws("latents"), CLOCK, memory).losses
    g_loss = second.terms(game.players, seen, {}, CLOCK, memory).losses  # nothing more is drawn
    stream = draws("latents")["latents"]
    latents, noise = torch.randn(6, 8, generator=stream), torch.randn(6, 8, generator=stream)
    players = game.players
    encoded = players["discriminator"](seen.images, players["encoder"](seen.images, noise))
    decoded = players["discriminator"](players["decoder"](latents), latents)
    assert close(d_loss["encoded"], sp(-encoded))
    assert close(d_loss["decoded"], sp(decoded))
    assert close(g_loss["encoder"], sp(encoded))
    assert close(g_loss["decoder"], sp(-decoded))
    assert differ(d_loss["encoded"], g_loss["encoder"])


def test_each_of_alis_generators_learns_from_its_own_term():
    game, seen, memory = small("ali"), batch(), {}
    game.turns[0].terms(game.players, seen, draws("latents"), CLOCK, memory)
    losses = game.turns[1].terms(game.players, seen, {}, CLOCK, memory).losses
    for name, other in (("encoder", "decoder"), ("decoder", "encoder")):
        theirs = list(game.players[other].parameters())
        grads = torch.autograd.grad(losses[name], theirs, retain_graph=True, allow_unused=True)
        assert all(grad is None for grad in grads)


# AC-GAN


def test_acgans_networks_have_the_sizes_of_their_tables():
    with torch.device("meta"):
        a = acgan_nets.generator_a(CIFAR, 110, 384)
        b = acgan_nets.generator_b(CIFAR, 110, 384)
        judge = acgan_nets.Discriminator(CIFAR, 16, 10, 0.1, 0.5)
    up = 25 * (384 * 192 + 192 * 96 + 96 * 3) + 2 * (192 + 96)
    assert count(a) == 111 * 4 * 4 * 384 + up
    up = 16 * (384 * 192 + 192 * 96 + 96 * 48 + 48 * 3) + 2 * (192 + 96 + 48)
    assert count(b) == 111 * 384 + up
    widths = [3, 16, 32, 64, 128, 256, 512]
    convolutions = 9 * sum(i * o for i, o in pairwise(widths))
    norms = 2 * sum(widths[2:])  # none on the first
    assert count(judge) == convolutions + norms + (4 * 4 * 512 + 1) * (1 + 10)


@pytest.mark.parametrize(
    ("shape", "side"), [(CIFAR, 4), (MNIST, 4), (STL, 6), (DIGITS, 1), (FACES, 8)]
)
@pytest.mark.parametrize("generator", [acgan_nets.generator_a, acgan_nets.generator_b])
def test_acgans_networks_take_any_size(generator, shape, side):
    images = generator(shape, 18, 8)(torch.randn(2, 8), torch.eye(10)[:2])
    assert images.shape == (2, *shape)
    judge = acgan_nets.Discriminator(shape, 2, 10, 0.0, 0.0)
    assert judge.source.in_features == side**2 * 2 * 32
    scores, logits = judge(images)
    assert scores.shape == (2,)
    assert logits.shape == (2, 10)


def test_activation_noise_has_its_deviation_while_learning_only():
    layer, x = GaussianNoise(0.2), torch.ones(100, 100)
    noise = layer(x) - x
    assert abs(noise.std().item() - 0.2) < 0.01
    assert abs(noise.mean().item()) < 0.01
    assert layer.eval()(x) is x


def test_noise_is_the_same_however_maps_lie_in_memory():
    maps, drawn = torch.zeros(2, 3, 4, 5), []
    for layout in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        drawn.append(GaussianNoise(1.0)(maps.to(memory_format=layout)))
    assert torch.equal(*drawn)


def test_without_activation_noise_acgans_discriminator_is_blind_to_contrast():
    images = torch.rand(8, *CIFAR) * 2 - 1
    blind = acgan_nets.Discriminator(CIFAR, 4, 10, noise=0.0, dropout=0.0)
    spread_weights(blind)
    scores = blind(images)[0]
    assert close(blind(0.1 * images)[0], scores, 1e-2)
    assert differ(blind(images.flip(3))[0], scores)


@pytest.mark.parametrize("network", ["a", "b"])
def test_acgans_losses_are_those_of_source_and_class(network):
    game, seen = small("acgan", network=network, class_weight=0.5), batch()
    spread_weights(*game.players.values(), deviation=0.1)
    streams, again = draws("latents", "labels"), draws("latents", "labels")
    memory: dict[str, object] = {}
    d_loss = game.turns[0].terms(game.players, seen, streams, CLOCK, memory).losses
    g_loss = game.turns[1].terms(game.players, None, streams, CLOCK, memory).losses

    def fakes() -> tuple[Tensor, Tensor, Tensor]:
        labels = torch.randint(10, (6,), generator=again["labels"])
        latents = torch.randn(6, 8, generator=again["latents"])
        images = game.players["generator"](latents, F.one_hot(labels, 10).float())
        return *game.players["discriminator"](images), labels

    real, real_logits = game.players["discriminator"](seen.images)
    fake, fake_logits, labels = fakes()
    assert close(d_loss["real"], sp(-real))
    assert close(d_loss["fake"], sp(fake))
    assert close(d_loss["real_class"], 0.5 * F.cross_entropy(real_logits, seen.labels))
    assert close(d_loss["fake_class"], 0.5 * F.cross_entropy(fake_logits, labels))
    fake, fake_logits, labels = fakes()
    assert close(g_loss["adversarial"], sp(-fake))
    assert close(g_loss["class"], 0.5 * F.cross_entropy(fake_logits, labels))


# denoising feature matching


def test_the_denoiser_is_dense_with_batch_norm_in_all_layers_but_the_last():
    with torch.device("meta"):
        network = Denoiser(4096, 2048, 10)
    hidden = 4096 * 2048 + 8 * 2048**2 + 9 * 2 * 2048
    assert count(network) == hidden + 2048 * 4096 + 4096
    kinds_found = [type(layer).__name__ for layer in Denoiser(3, 2, 3).layers]
    assert kinds_found == [*["Linear", "BatchNorm1d", "ReLU"] * 2, "Linear"]


def test_the_denoiser_learns_to_find_clean_features():
    game, seen = small("denoising_feature_matching", corruption=0.5), batch()
    spread_weights(*game.players.values())
    discriminator, denoiser = game.players["discriminator"], game.players["denoiser"]
    names = ("latents", "corruption")
    loss = game.turns[1].terms(game.players, seen, draws(*names), CLOCK, {}).losses["denoising"]
    clean = discriminator.features(seen.images)
    noisy = clean + 0.5 * torch.randn(clean.shape, generator=draws(*names)["corruption"])
    expected = (denoiser(noisy) - clean).square().mean()
    assert abs(loss - expected) < 1e-4 * expected
    printed = (denoiser(noisy) - noisy).square().mean()  # the slip of eq. 4
    assert abs(loss - printed) > 1e-4 * expected


def test_the_generator_follows_denoised_features_that_are_held_constant():
    weights = {"denoising_weight": 0.5, "adversarial_weight": 2.0}
    game = small("denoising_feature_matching", denoiser_depth=2, **weights)
    spread_weights(*game.players.values())
    generator, discriminator, denoiser = (
        game.players[name] for name in ("generator", "discriminator", "denoiser")
    )
    found = game.turns[2].terms(game.players, None, draws("latents"), CLOCK, {"count": 6}).losses
    latents = 2 * torch.rand(6, 8, generator=draws("latents")["latents"]) - 1
    features = discriminator.features(generator(latents))
    apart = features - denoiser(features).detach()
    assert close(found["denoising"], 0.5 * apart.square().mean(), 1e-4)
    assert close(found["adversarial"], 2.0 * sp(-discriminator(generator(latents))), 1e-4)
    weight = generator.dense.weight
    (right,) = torch.autograd.grad(apart.square().mean(), weight, retain_graph=True)
    (free,) = torch.autograd.grad((features - denoiser(features)).square().mean(), weight)
    (taken,) = torch.autograd.grad(found["denoising"], weight)
    assert close(taken / taken.norm(), right / right.norm(), 1e-4)
    assert differ(taken / taken.norm(), free / free.norm())


def test_defaults_are_the_papers():
    assert (ali.Settings().latent_size, ali.Settings().beta1) == (64, 0.5)
    assert acgan.Settings().latent_size + 10 == 110
    assert acgan.Settings().class_weight == 1.0
    assert denoising_feature_matching.Settings().corruption == 1.0
