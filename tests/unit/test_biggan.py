"""BigGAN's networks in both lineages, and its turns, against plain computations."""

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.utils import parametrize

import tiny_runs as tiny
from gan_repro.game import Batch, Clock
from gan_repro.images import MISSING, ImageShape
from gan_repro.methods.biggan import Settings
from gan_repro.nets.biggan import Classifier, Discriminator, Generator, Trunk
from gan_repro.nets.biggan_layers import LINEAGES, MovedBatchNorm2d, SelfAttention
from gan_repro.training.table import Table
from tensors import close, count, differ

CIFAR, STL, MNIST, DIGITS = (
    ImageShape(*s) for s in ((3, 32, 32), (3, 48, 48), (1, 28, 28), (1, 8, 8))
)
AJBROCK, STUDIOGAN = LINEAGES["ajbrock"], LINEAGES["studiogan"]


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


# sizes


def test_ajbrock_has_the_parameters_that_its_code_has():
    assert count(Generator(CIFAR, 128, 256, 10, AJBROCK)) == 4_304_387
    assert count(Discriminator(Trunk(CIFAR, 256, AJBROCK), 10)) == 4_207_361
    assert count(Generator(CIFAR, 128, 256, 0, AJBROCK)) == 4_276_739
    assert count(Discriminator(Trunk(CIFAR, 256, AJBROCK))) == 4_207_361 - 10 * 256


def test_studiogan_has_the_parameters_that_its_log_prints():
    assert count(Generator(CIFAR, 80, 384, 10, STUDIOGAN)) == 9_416_196
    assert count(Discriminator(Trunk(CIFAR, 192, STUDIOGAN), 10)) == 2_415_170


@pytest.mark.parametrize("lineage", [AJBROCK, STUDIOGAN])
@pytest.mark.parametrize(("shape", "bottom"), [(CIFAR, 4), (STL, 6), (MNIST, 7), (DIGITS, 4)])
def test_the_generator_starts_from_the_bottom_of_its_size(lineage, shape, bottom):
    generator = Generator(shape, 20, 4, 3, lineage)
    assert generator.bottom == (4, bottom, bottom)
    images = generator(torch.randn(5, 20), torch.eye(3)[[0, 1, 2, 0, 1]])
    assert images.shape == (5, *shape)
    assert Discriminator(Trunk(shape, 4, lineage))(images).shape == (5,)


# what tells the lineages apart


def test_latents_are_dealt_out_only_where_there_is_a_hierarchy():
    assert Generator(CIFAR, 128, 4, 10, AJBROCK).parts == [128, 0, 0, 0]
    assert Generator(CIFAR, 80, 4, 10, STUDIOGAN).parts == [20, 20, 20, 20]
    assert Generator(MNIST, 80, 4, 10, STUDIOGAN).parts == [27, 27, 26]


def test_a_part_of_the_latents_reaches_its_own_block_and_those_after_it():
    generator = Generator(CIFAR, 8, 4, 0, STUDIOGAN).eval()
    seen: list[list[Tensor]] = []
    for block in generator.blocks:
        block.register_forward_hook(lambda m, i, out: seen[-1].append(out))
    latents = torch.randn(2, 8)
    for changed in (latents, torch.cat([latents[:, :4], -latents[:, 4:]], dim=1)):
        seen.append([])
        generator(changed)
    # parts of two: the third and the fourth changed, which blocks 2 and 3 read
    assert torch.equal(seen[0][0], seen[1][0])
    assert differ(seen[0][1], seen[1][1])


def test_attention_lies_at_half_the_side_and_in_one_lineage_alone():
    generator = Generator(CIFAR, 8, 16, 0, STUDIOGAN)
    trunk = Trunk(CIFAR, 16, STUDIOGAN)
    sides = []
    for network in (generator, trunk):
        network.attention.register_forward_hook(lambda m, i, out: sides.append(out.shape[2:]))
    trunk(generator(torch.randn(2, 8)))
    assert sides == [(16, 16), (16, 16)]
    assert isinstance(Generator(CIFAR, 8, 16, 0, AJBROCK).attention, nn.Identity)
    assert isinstance(Trunk(CIFAR, 16, AJBROCK).attention, nn.Identity)


def unnormalised(network: nn.Module) -> set[str]:
    """Layers whose weights are not divided by their largest singular value."""
    return {
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and not parametrize.is_parametrized(module)
    }


def test_all_layers_are_spectrally_normal_but_the_tables_of_classes():
    tables = {
        f"blocks.{b}.norm{n}.{part}" for b in range(3) for n in (1, 2) for part in ("gain", "shift")
    }
    assert unnormalised(Generator(CIFAR, 8, 4, 10, AJBROCK)) == tables
    assert unnormalised(Generator(CIFAR, 8, 4, 10, STUDIOGAN)) == {"shared"}
    for lineage in (AJBROCK, STUDIOGAN):
        assert unnormalised(Discriminator(Trunk(CIFAR, 4, lineage), 10)) == set()


def test_first_weights_are_those_of_the_lineage():
    layer = AJBROCK.initialise(nn.Linear(300, 200))
    assert abs(layer.weight.std().item() - 0.02) < 5e-4
    assert layer.bias.abs().max() > 0
    layer = STUDIOGAN.initialise(nn.Conv2d(8, 16, 3))
    rows = layer.weight.flatten(1)
    assert close(rows @ rows.T, torch.eye(16))
    assert layer.bias.abs().max() == 0


# layers


@pytest.mark.parametrize("epsilon", [1e-5, 1e-4])
def test_a_batch_norm_is_moved_by_one_plus_gain_and_shift(epsilon):
    norm = MovedBatchNorm2d(4, 3, lambda layer: layer, epsilon)
    x, condition = torch.randn(6, 4, 5, 5) * 0.02 + 1, torch.randn(6, 3)
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    variance = x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    gain, shift = condition @ norm.gain.weight.T, condition @ norm.shift.weight.T
    expected = (x - mean) / (variance + epsilon).sqrt() * (1 + gain[..., None, None])
    assert close(norm(x, condition), expected + shift[..., None, None], 1e-4)


def test_attention_adds_what_each_place_reads_of_all():
    attention = SelfAttention(16, lambda layer: layer)
    x = torch.randn(2, 16, 4, 6)
    assert torch.equal(attention(x), x)  # gamma is 0 at first
    nn.init.constant_(attention.gamma, 0.7)
    found = attention(x)

    def mapped(layer: nn.Conv2d, image: Tensor, place: tuple[int, int]) -> Tensor:
        return layer.weight[:, :, 0, 0] @ image[:, place[0], place[1]]

    def pooled(layer: nn.Conv2d, image: Tensor, top: int, left: int) -> Tensor:
        places = [(top + i, left + j) for i in (0, 1) for j in (0, 1)]
        return torch.stack([mapped(layer, image, place) for place in places]).amax(dim=0)

    corners = [(i, j) for i in range(0, 4, 2) for j in range(0, 6, 2)]
    for number, place in ((0, (0, 0)), (1, (3, 4))):
        query = mapped(attention.theta, x[number], place)
        keys = torch.stack([pooled(attention.phi, x[number], *c) for c in corners])
        values = torch.stack([pooled(attention.g, x[number], *c) for c in corners])
        read = torch.softmax(keys @ query, dim=0) @ values
        expected = x[number, :, *place] + 0.7 * (attention.o.weight[:, :, 0, 0] @ read)
        assert close(found[number, :, *place], expected)


def test_a_trunk_sums_over_places_or_takes_their_mean():
    trunk = Trunk(MNIST, 4).eval()
    images = torch.randn(3, 1, 28, 28)
    total = trunk(images)
    trunk.mean = True
    assert close(trunk(images) * 49, total, 1e-4)


def test_a_label_adds_its_row_of_the_projection():
    network = Discriminator(Trunk(DIGITS, 4), 3).eval()
    images = torch.randn(4, 1, 8, 8)
    features = network.features(images)
    alone = features @ network.dense.weight[0] + network.dense.bias
    labels = torch.tensor([2, 0, MISSING, 1])
    rows = torch.stack([network.projection.weight[c] if c >= 0 else torch.zeros(4) for c in labels])
    assert close(network(images, labels), alone + (features * rows).sum(dim=1))
    assert differ(network(images, labels)[:2], alone[:2])


def test_a_classifier_has_as_many_logits_as_it_is_asked_for():
    network = Classifier(Trunk(DIGITS, 4), 11).eval()
    images = torch.randn(4, 1, 8, 8)
    expected = network.features(images) @ network.dense.weight.T + network.dense.bias
    assert close(network(images), expected)
    assert expected.shape == (4, 11)


# the method


def laid(**settings: object) -> Table:
    return tiny.table(tiny.run("biggan", settings=settings))


def test_a_lineage_brings_its_own_defaults_and_leaves_what_is_given():
    ours, theirs = Settings(), Settings(lineage="studiogan", beta1=0.1)
    assert (ours.latent_size, ours.discriminator_steps, ours.beta1) == (128, 4, 0.0)
    assert (theirs.latent_size, theirs.discriminator_steps, theirs.beta1) == (80, 5, 0.1)
    assert (theirs.generator_width, theirs.discriminator_width) == (384, 192)
    assert Settings(**theirs.model_dump()) == theirs
    with pytest.raises(ValidationError, match="Input should be 'ajbrock' or 'studiogan'"):
        Settings(lineage="compare_gan")


def test_classes_can_be_told_apart_from_the_start():
    close_by, apart = (
        laid(**choice).game.players["generator"].eval() for choice in ({}, {"class_spread": 1.0})
    )
    latents, rows = torch.randn(1, 8).expand(10, 8), torch.eye(10)
    spread = [network(latents, rows).std(dim=0).mean().item() for network in (close_by, apart)]
    assert spread[1] > 5 * spread[0] > 0
    deviation = apart.blocks[0].norm1.gain.weight.std().item()
    assert 0.7 < deviation < 1.3
    with pytest.raises(ValidationError, match="StudioGAN's batch norms share one class embedding"):
        Settings(lineage="studiogan", class_spread=1.0)


@pytest.mark.parametrize("steps", [4, 5])
def test_a_round_is_one_generator_step_after_discriminator_steps_with_fresh_images(steps):
    table = laid(discriminator_steps=steps)
    table.play(Clock(0, 1))
    assert table.batches.place == steps * 6
    taken = {
        name: {int(state["step"]) for state in optimiser.state.values()}
        for name, optimiser in table.stepper.optimisers.items()
    }
    assert taken == {"generator": {1}, "discriminator": {steps}}


def test_the_generators_average_is_a_share_of_the_run():
    average = laid().game.averages["generator"]
    assert average.weight_of_old(Clock(1_000, 125_000)) == pytest.approx(0.9999)
    assert average.weight_of_old(Clock(999, 125_000)) == 0.0


@pytest.mark.parametrize("passes", ["joint", "separate"])
@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("loss", ["hinge", "minimax"])
def test_both_turns_have_biggans_losses(passes, conditional, loss):
    game = laid(passes=passes, conditional=conditional, loss=loss).game
    players, (judging, making) = game.players, game.turns
    for player in players.values():
        player.eval()
    batch = Batch(torch.randn(6, 1, 8, 8), torch.tensor([3, 1, MISSING, 0, 9, 9]), torch.arange(6))

    def draws() -> dict[str, torch.Generator]:
        return {name: torch.Generator().manual_seed(7) for name in game.streams}

    memory: dict[str, object] = {}
    clock = Clock(0, 1)
    found = judging.terms(players, batch, draws(), clock, memory).losses
    made = making.terms(players, None, draws(), clock, memory).losses

    inputs = game.sampler.draw(6, draws())
    assert ("labels" in inputs) == conditional
    rows = F.one_hot(inputs["labels"], 10).float() if conditional else None
    fakes = players["generator"](inputs["latents"], rows)
    true = players["discriminator"](batch.images, batch.labels)
    false = players["discriminator"](fakes, inputs.get("labels"))
    if loss == "hinge":
        expected = (F.relu(1 - true).mean(), F.relu(1 + false).mean(), -false.mean())
    else:
        expected = (
            -true.sigmoid().log().mean(),
            -(1 - false.sigmoid()).log().mean(),
            -false.sigmoid().log().mean(),
        )
    for one, other in zip(
        (found["real"], found["fake"], made["adversarial"]), expected, strict=True
    ):
        assert close(one, other)


@pytest.mark.parametrize(("passes", "seen"), [("joint", [12]), ("separate", [6, 6])])
def test_one_pass_is_one_power_iteration(passes, seen):
    table = laid(passes=passes, discriminator_steps=1)
    sizes: list[int] = []
    table.game.players["discriminator"].trunk.register_forward_hook(
        lambda m, i, out: sizes.append(len(out))
    )
    table.play(Clock(0, 1))
    assert sizes == [*seen, 6]


def test_only_real_images_are_mirrored_and_half_of_them():
    settings = Settings(flip=True)
    images = torch.arange(2000.0).view(1000, 1, 1, 2)
    seen = settings.flipped(images, {"flips": torch.Generator().manual_seed(0)})
    mirrored = (seen == images.flip(3)).flatten(1).all(dim=1)
    assert 450 < mirrored.sum() < 550
    assert torch.equal(seen[~mirrored], images[~mirrored])
    assert Settings().flipped(images, {}) is images
