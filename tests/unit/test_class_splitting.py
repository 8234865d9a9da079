"""Splits: nothing changes at first, every image stays in one class, snapshots know the classes."""

from functools import partial

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro import sampling
from gan_repro.game import Clock, Game, Intermission
from gan_repro.images import ImageShape
from gan_repro.methods import class_splitting as method
from gan_repro.nets.conditioning import ClassTree, ConditionalBatchNorm2d
from gan_repro.runs import RunSpec
from gan_repro.snapshots import load
from gan_repro.training.table import Table
from tensors import differ

SHAPE = ImageShape(1, 8, 8)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def run(**settings: object) -> dict:
    """A run that does not split by itself."""
    return tiny.run("class_splitting", settings={"splits": (), **settings}, rounds=8)


def table(rounds: int = 2, **settings: object) -> Table:
    """A table after some rounds without a split."""
    laid = tiny.table(run(**settings))
    for number in range(rounds):
        laid.play(Clock(number, 8))
    return laid


def split(laid: Table, **settings: object) -> None:
    images, moments = laid.batches.in_order, laid.stepper.moments
    between = Intermission(Clock(2, 8), laid.draws, images, moments, laid.stepper.restart)
    method.split(laid.game, between, RunSpec(**run(**settings)).settings())


def tree(laid: Table) -> ClassTree:
    return laid.game.players["generator"].tree


def made(laid: Table, number: int) -> Tensor:
    """What the generator makes of fixed latents and one class."""
    generator = laid.game.players["generator"].eval()
    latents = torch.randn(7, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        images = generator(latents, torch.full((7,), number))
    generator.train()
    return images


# a split changes nothing at first


def test_parent_and_halves_make_the_same_images_until_they_are_trained():
    laid = table()
    before = made(laid, 0)
    split(laid)
    assert tree(laid).classes == 2
    assert torch.equal(made(laid, 0), before)
    assert torch.equal(made(laid, 1), before)
    split(laid)  # again, with halves that have halves
    assert tree(laid).classes == 4
    assert all(torch.equal(made(laid, number), before) for number in range(4))
    laid.play(Clock(3, 8))
    assert all(differ(made(laid, number), made(laid, 0)) for number in (1, 2, 3))


def test_a_fresh_column_that_starts_at_one_is_found():
    laid = table()
    before = made(laid, 0)
    split(laid)
    for module in laid.game.players["generator"].modules():
        if isinstance(module, ConditionalBatchNorm2d):
            assert module.scale[1:3].abs().max() == module.shift[1:3].abs().max() == 0
            nn.init.ones_(module.scale[1:3])
    assert differ(made(laid, 0), before)
    assert differ(made(laid, 1), before)


def test_both_halves_have_the_parents_logits_and_moments():
    laid = table()
    critic = laid.game.players["critic"]
    images = torch.randn(5, *SHAPE)
    before = critic(images)[1].clone()
    split(laid)
    after = critic(images)[1]
    assert torch.equal(after[:, 0], before[:, 0])
    assert torch.equal(after[:, 1], before[:, 0])
    assert torch.equal(after[:, 2:], before[:, 2:])
    assert differ(before[:, 1], before[:, 0])
    laid.play(Clock(2, 8))  # now there are two classes, and the heads learn
    assert differ(*critic(images)[1][:, :2].unbind(dim=1))


def test_adams_moments_are_copied_for_weight_and_bias():
    laid = table()
    split(laid)
    for number in range(2, 5):
        laid.play(Clock(number, 8))
    names = ("classify.weight", "classify.bias")
    kept = [slot for n in names for slot in laid.stepper.moments("critic", n).values()]
    assert [slot.shape for slot in kept] == [(512, 4)] * 2 + [(512,)] * 2
    before = [slot.clone() for slot in kept]
    split(laid)
    assert tree(laid).classes == 4
    for slot, old in zip(kept, before, strict=True):
        assert old[:2].abs().max() > 0
        assert old[2:].abs().max() == 0
        assert torch.equal(slot, torch.cat([old[:2], old[:2], old[4:]]))


# images and classes


def test_every_image_is_in_one_class_and_halves_come_from_their_parent():
    laid = table()
    assert laid.game.state["class"].tolist() == [0] * 100
    for _ in range(4):
        before, known = laid.game.state["class"].clone(), int(tree(laid).classes)
        parents = [number for number in range(known) if (before == number).sum() > 10]
        split(laid)
        after, classes = laid.game.state["class"], known + len(parents)
        assert tree(laid).classes == classes > known
        assert after.dtype == torch.int64
        assert after.unique().tolist() == list(range(classes))
        for child, parent in enumerate(parents, start=known):
            assert (before[after == child] == parent).all()
        assert torch.equal(after[after < known], before[after < known])


def test_only_a_class_of_more_than_the_least_images_splits():
    laid = table()
    split(laid, least_images=100)
    assert tree(laid).classes == 1
    split(laid, least_images=99)
    assert tree(laid).classes == 2
    laid.game.state["class"][:] = (torch.arange(100) >= 80).long()
    split(laid, least_images=20)
    assert tree(laid).classes == 3
    assert (laid.game.state["class"][80:] == 1).all()
    assert set(laid.game.state["class"][:80].tolist()) == {0, 2}


# labels


def test_labels_of_fakes_are_the_images_classes_and_then_any_class_in_use():
    laid = table()
    split(laid), split(laid)
    seen: list[Tensor] = []
    shown: list[Tensor] = []
    index = laid.batches.permutation[laid.batches.place :][:30]
    generator = laid.game.players["generator"]
    generator.register_forward_hook(lambda net, inputs, _: seen.append(inputs[1]))
    generator.image.register_forward_hook(lambda net, inputs, _: shown.append(inputs[1]))
    laid.play(Clock(3, 8))
    assert torch.equal(torch.cat(seen[:5]), laid.game.state["class"][index])
    assert len(set(torch.cat(seen[:5]).tolist())) > 1  # not all labels silently 0
    assert 0 <= seen[5].min() < seen[5].max() < 4
    assert all(torch.equal(r, tree(laid)(s)) for r, s in zip(shown, seen, strict=True))


# the run


def test_classes_double_after_the_rounds_of_the_shares(tmp_path):
    _, history, _ = tiny.trained(tiny.run("class_splitting", {"log_every": 1}, rounds=50), tmp_path)
    classes = history.set_index("round")["generator.classes"]
    grown = [number for number in range(2, 51) if classes[number] > classes[number - 1]]
    due = [4 + 2, 8 + 2, 12 + 2, 16 + 2, 20 + 2]  # seen after 4, 8 ... counted from 0
    assert grown[:4] == due[:4]  # of 100 images in 8 classes some share a class with 12 others
    assert set(grown) <= set(due)
    assert [classes[1], classes[6]] == [1, 2]
    assert classes[50] <= 32


def test_a_snapshot_after_a_split_samples_all_classes():
    laid = table()
    split(laid), split(laid)
    laid.play(Clock(3, 8))
    snapshot, spec = laid.snapshot(4), RunSpec(**run())
    game = sampling.build(spec, SHAPE, 10)
    draws = {name: torch.Generator().manual_seed(0) for name in game.streams}
    assert set(game.sampler.draw(50, draws)["labels"].tolist()) == {0}
    load(game, snapshot, 4)
    inputs = game.sampler.draw(50, draws)
    assert set(inputs["labels"].tolist()) == {0, 1, 2, 3}
    expected = laid.game.players["generator"].eval()(**inputs)
    assert torch.equal(game.players["generator"].eval()(**inputs), expected)
    assert game.sampler.generate(game.players, inputs).labels is None
    assert sampling.sample(spec, snapshot, 4, SHAPE, 10, 5).classes == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"splits": (0.5, 1.0)}, r"shares of the run lie in \[0, 1\)"),
        ({"splits": (0.1,) * 9}, "9 splits can make a tree of 1023 columns, expected at most 512"),
        ({"most_classes": 62}, "5 splits can make a tree of 63 columns"),
    ],
)
def test_splits_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        method.Settings(**settings)


# what the engine offers


def states(laid: Table) -> dict[str, Tensor]:
    streams = {name: draw.get_state() for name, draw in laid.draws.items()}
    return streams | laid.batches.state() | {"global": torch.get_rng_state()}


def test_images_in_order_are_all_images_and_disturb_no_stream():
    laid = table()
    before = {name: state.clone() for name, state in states(laid).items()}
    first, again = list(laid.batches.in_order()), list(laid.batches.in_order())
    tiny.assert_same(states(laid), before)
    assert [len(images) for images in first] == [6] * 16 + [4]
    assert torch.equal(torch.cat(first), torch.cat(again))
    pixels = ((torch.cat(first) + 1) * 128).floor()
    assert torch.equal(pixels, torch.from_numpy(tiny.digits().images).float())


def test_state_by_image_is_allocated_in_the_games_own_dictionary(monkeypatch):
    built: list[dict[str, Tensor]] = []
    build = method.build

    def noting(*given: object) -> Game:
        game = build(*given)
        assert game.state == {}
        built.append(game.state)
        return game

    monkeypatch.setattr(method, "build", noting)
    laid = table(rounds=0)
    assert laid.game.state is built[0]
    assert torch.equal(built[0]["class"], torch.zeros(100, dtype=torch.int64))


def test_moments_are_those_of_the_named_parameter_and_can_be_edited():
    laid = table(rounds=0)
    moments = partial(laid.stepper.moments, "critic", "classify.weight")
    assert moments() == {}
    laid.play(Clock(0, 8))
    assert set(moments()) == {"exp_avg", "exp_avg_sq"}
    moments()["exp_avg_sq"].fill_(4.0)
    weight = laid.game.players["critic"].classify.weight
    assert laid.stepper.optimisers["critic"].state[weight]["exp_avg_sq"].min() == 4.0
    with pytest.raises(AttributeError, match="classifyy"):
        laid.stepper.moments("critic", "classifyy.weight")
