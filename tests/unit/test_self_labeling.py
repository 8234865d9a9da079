"""Self-labeling's equations against plain computations, its settings, and its teacher's average."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tiny_runs as tiny
from gan_repro.errors import ConfigurationError
from gan_repro.game import Batch, Clock, Game, Terms
from gan_repro.images import MISSING, ImageShape
from gan_repro.losses import ADVERSARIAL
from gan_repro.methods import self_labeling
from gan_repro.methods._labelling import conditional_loss, labelled, masked_means, observed
from gan_repro.methods.self_labeling import Settings
from gan_repro.nets.biggan import Trunk, TwoHeadedDiscriminator
from gan_repro.snapshots import load, of_player
from gan_repro.training.table import Table
from tensors import close, differ

LABELS = torch.tensor([3, MISSING, 1, MISSING, MISSING, 0])
GIVEN = LABELS != MISSING
CLOCK = Clock(0, 1)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def laid(**settings: object) -> Table:
    return tiny.table(tiny.run("self_labeling", settings=settings))


# equations 2 and 3


def test_a_label_is_the_likeliest_class_and_its_reliability_the_softmax():
    logits = np.random.default_rng(0).normal(size=(20, 5)) * 3
    found = labelled(torch.from_numpy(logits).softmax(dim=1))
    for row, label, reliability in zip(logits, *found, strict=True):
        top = max(range(5), key=lambda i, row=row: row[i])
        assert label == top
        expected = math.exp(row[top]) / sum(math.exp(value) for value in row)
        assert reliability.item() == pytest.approx(expected)


# the head's forms


@pytest.mark.parametrize("head", ["projection", "logits", "joint"])
def test_a_head_scores_an_image_with_each_class(head):
    network = TwoHeadedDiscriminator(Trunk(ImageShape(1, 8, 8), 4), 3, head).eval()
    images = torch.randn(5, 1, 8, 8)
    features = network.trunk(images)
    judged = network(images)
    alone = features @ network.unconditional.weight[0] + network.unconditional.bias
    assert close(judged.unconditional, alone)
    by_class = features @ network.classes.weight.T
    if head == "projection":
        assert network.classes.bias is None
        by_class = by_class + features @ network.conditional.weight.T + network.conditional.bias
    else:
        by_class = by_class + network.classes.bias
    assert close(judged.conditional, by_class)
    assert judged.conditional.shape == (5, 6 if head == "joint" else 3)


def test_the_conditional_loss_is_that_of_the_label_s_score():
    output, rows = torch.randn(4, 3) * 2, torch.eye(3)[[2, 0, 0, 1]]
    scores = [output[0, 2], output[1, 0], output[2, 0], output[3, 1]]
    hinge = conditional_loss("projection", ADVERSARIAL["hinge"])
    logs = conditional_loss("logits", ADVERSARIAL["minimax"])
    expected = [
        (hinge.real, [max(0.0, 1 - float(s)) for s in scores]),
        (hinge.fake, [max(0.0, 1 + float(s)) for s in scores]),
        (hinge.generator, [-float(s) for s in scores]),
        (logs.real, [math.log(1 + math.exp(-s)) for s in scores]),
        (logs.fake, [math.log(1 + math.exp(s)) for s in scores]),
        (logs.generator, [math.log(1 + math.exp(-s)) for s in scores]),
    ]
    for part, values in expected:
        assert close(part(output, rows), torch.tensor(values))


def test_the_joint_form_is_one_softmax_over_real_and_fake_classes():
    loss = conditional_loss("joint", ADVERSARIAL["hinge"])
    output, rows = torch.randn(2, 6), torch.eye(3)[[2, 0]]
    for number, label in enumerate((2, 0)):
        total = sum(math.exp(value) for value in output[number])
        real = -math.log(math.exp(output[number, label]) / total)
        fake = -math.log(math.exp(output[number, 3 + label]) / total)
        assert loss.real(output, rows)[number].item() == pytest.approx(real, rel=1e-5)
        assert loss.generator(output, rows)[number].item() == pytest.approx(real, rel=1e-5)
        assert loss.fake(output, rows)[number].item() == pytest.approx(fake, rel=1e-5)


# the means of equation 9


@pytest.mark.parametrize(
    ("mean", "expected"), [("each", (2.0, 5.0)), ("together", (1.2, 2.0)), ("batch", (1.0, 5 / 3))]
)
def test_means_divide_by_what_they_are_asked_to(mean, expected):
    losses = (torch.tensor([1.0, 2, 3, 9, 9, 9]), torch.tensor([9.0, 9, 9, 4, 6, 9]))
    masks = (torch.tensor([1, 1, 1, 0, 0, 0]) > 0, torch.tensor([0, 0, 0, 1, 1, 0]) > 0)
    found = masked_means(losses, masks, mean)
    assert [value.item() for value in found] == pytest.approx(list(expected))


@pytest.mark.parametrize("mean", ["each", "together", "batch"])
def test_a_term_without_an_image_is_0_and_passes_no_gradient(mean):
    losses = torch.tensor([1.0, 2.0], requires_grad=True)
    none = torch.zeros(2, dtype=torch.bool)
    first, second = masked_means((losses, losses), (none, none), mean)
    assert (first.item(), second.item()) == (0.0, 0.0)
    (first + second).backward()
    assert losses.grad.tolist() == [0.0, 0.0]


# both turns


def judged(game: Game, labels: Tensor = LABELS) -> tuple[Terms, Terms, dict[str, Tensor]]:
    """Terms of both turns with all players in inference mode; and what went in."""
    for player in game.players.values():
        player.eval()

    def draws() -> dict[str, torch.Generator]:
        return {name: torch.Generator().manual_seed(7) for name in game.streams}

    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(3)).tanh()
    batch, memory = Batch(images, labels, torch.arange(6)), {}
    judging, making = game.turns
    d = judging.terms(game.players, batch, draws(), CLOCK, memory)
    g = making.terms(game.players, None, draws(), CLOCK, memory)
    inputs = game.sampler.draw(6, draws())
    fakes = game.sampler.generate(game.players, inputs).images
    return d, g, {"real": images, "fake": fakes, "classes": inputs["labels"]}


def told(game: Game, spread: float = 1.5) -> None:
    """Make the labeller sure of some images and unsure of others."""
    dense = game.players["labeller"].dense
    with torch.no_grad():
        dense.weight.mul_(spread / dense.weight.std())


@pytest.mark.parametrize("artificial", ["unlabelled", "all", "none"])
@pytest.mark.parametrize("real_labels", [True, False])
@pytest.mark.parametrize("threshold", [0.0, 0.35])
def test_the_discriminators_loss_is_equation_9(artificial, real_labels, threshold):
    choice = {"artificial": artificial, "real_labels": real_labels, "threshold": threshold}
    game = laid(**choice, weak=(), strong=()).game
    if artificial != "none":
        told(game)
    found, made, seen = judged(game)
    true, false = (game.players["discriminator"](seen[name]) for name in ("real", "fake"))
    assert close(found.losses["real"], F.relu(1 - true.unconditional).mean())
    assert close(found.losses["fake"], F.relu(1 + false.unconditional).mean())

    by_label, by_guess = [], []
    for n in range(6):
        if real_labels and GIVEN[n]:
            by_label.append(max(0.0, 1 - true.conditional[n, LABELS[n]].item()))
        if artificial == "none" or (artificial == "unlabelled" and real_labels and GIVEN[n]):
            continue
        sure = game.labeller(game.players, seen["real"])[n]
        if sure.max() >= threshold:
            by_guess.append(max(0.0, 1 - true.conditional[n, sure.argmax()].item()))
    if artificial != "none" and threshold:
        assert 0 < len(by_guess) < 6, "the threshold should divide the images"
    for name, values in (("real_class", by_label), ("real_artificial", by_guess)):
        assert found.losses[name].item() == pytest.approx(sum(values) / max(1, len(values)))

    own = false.conditional[torch.arange(6), seen["classes"]]
    assert close(found.losses["fake_class"], F.relu(1 + own).mean())
    assert close(made.losses["adversarial"], -false.unconditional.mean())
    assert close(made.losses["class"], -own.mean())
    assert ("teacher" in found.losses) == (artificial != "none")


def test_the_teacher_learns_the_classes_of_generated_images_by_cross_entropy():
    game = laid(weak=(), strong=()).game
    found, _, seen = judged(game)
    logits = game.players["teacher"](seen["fake"])
    expected = [
        -math.log(math.exp(row[c]) / sum(math.exp(v) for v in row))
        for row, c in zip(logits.tolist(), seen["classes"].tolist(), strict=True)
    ]
    assert found.losses["teacher"].item() == pytest.approx(sum(expected) / 6, rel=1e-5)
    right = [max(range(10), key=row.__getitem__) for row in logits.tolist()]
    accuracy = np.mean(np.array(right) == seen["classes"].numpy())
    assert found.observed["teacher_accuracy"].item() == pytest.approx(accuracy)


def test_the_teacher_learns_on_strongly_and_labels_by_weakly_augmented_images():
    plain, weakly, strongly = (
        judged(laid(weak=weak, strong=strong).game)[0]
        for weak, strong in (((), ()), (("shift",), ()), ((), ("cutout",)))
    )
    assert differ(plain.observed["reliability"] * 10, weakly.observed["reliability"] * 10)
    assert torch.equal(plain.losses["teacher"], weakly.losses["teacher"])
    assert differ(plain.losses["teacher"], strongly.losses["teacher"])
    assert torch.equal(plain.observed["reliability"], strongly.observed["reliability"])


def test_neither_turn_leads_from_the_teachers_loss_to_the_generator():
    game = laid().game
    for player in game.players.values():
        player.requires_grad_(True)
    found, made, _ = judged(game)
    found.losses["teacher"].backward()
    moved = {n for n, p in game.players.items() if any(w.grad is not None for w in p.parameters())}
    assert moved == {"teacher"}
    assert "teacher" not in made.losses


# settings


def test_without_a_conditional_loss_there_is_no_teacher_and_one_head():
    game = laid(conditional=False).game
    assert set(game.players) == {"generator", "discriminator"}
    assert game.labeller is None
    found, made, seen = judged(game)
    assert set(found.losses) == {"real", "fake"}
    assert set(made.losses) == {"adversarial"}
    assert "classes" in seen, "the generator is given classes all the same"
    draws = {name: torch.Generator().manual_seed(0) for name in game.streams}
    unfed = laid(conditional=False, feeds_classes=False).game
    assert set(unfed.sampler.draw(6, draws)) == {"latents"}


def test_samples_have_the_artificial_class_asked_for():
    game = laid(artificial_classes=13).game
    assert game.sampler.classes == 13
    assert judged(game)[2]["classes"].max() > 9


def test_more_real_classes_than_artificial_ones_are_refused_unless_unused():
    shape = ImageShape(1, 8, 8)
    with pytest.raises(ConfigurationError, match="artificial_classes is 5, but labels have 10"):
        self_labeling.build(Settings(artificial_classes=5), shape, 10)
    game = laid(artificial_classes=5, real_labels=False).game
    assert game.sampler.classes == 5
    assert judged(game, torch.full((6,), 9))[0].losses["real_class"] == 0


def test_all_labels_given_and_artificial_ones_for_the_unlabelled_is_real_labels_alone():
    labels = torch.tensor([3, 2, 1, 5, 6, 0])
    eq9 = judged(laid(threshold=0.0).game, labels)[0].losses
    real = judged(laid(artificial="none").game, labels)[0].losses
    assert eq9["real_artificial"].item() == 0.0
    for name in ("real", "fake", "real_class", "fake_class"):
        assert close(eq9[name], real[name])
    assert eq9["real_class"].item() > 0
    assert set(eq9) - set(real) == {"teacher"}


def test_watched_histograms_are_shares():
    found = labelled(torch.tensor([[0.96, 0.04], [0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]))
    shown = {name: round(value.item(), 4) for name, value in observed(found, 2, 0.95).items()}
    assert (shown["kept"], shown["class_0"], shown["class_1"]) == (0.5, 0.5, 0.5)
    heights = [shown[f"reliability_{i}"] for i in range(10)]
    assert heights == [0, 0, 0, 0, 0, 0.25, 0, 0.25, 0, 0.5]
    assert shown["reliability"] == pytest.approx((0.96 + 0.5 + 0.75 + 1) / 4, abs=1e-4)


# the teacher's average


def test_the_labeller_is_the_teachers_moving_average_and_never_in_training_mode():
    table = laid(teacher_memory=1.0)
    rounds, name = 4, "dense.weight"
    teacher, labeller = (table.game.players[who] for who in ("teacher", "labeller"))
    assert torch.equal(teacher.state_dict()[name], labeller.state_dict()[name])
    expected = teacher.state_dict()[name].clone()
    for number in range(rounds):
        table.play(Clock(number, rounds))
        expected = 0.75 * expected + 0.25 * teacher.state_dict()[name]
    assert close(labeller.state_dict()[name], expected, 1e-6)
    assert differ(teacher.state_dict()[name] * 100, expected * 100)
    assert teacher.training
    assert not labeller.training


def test_a_snapshot_has_the_labeller_and_loads_with_the_generators_average():
    table = laid()
    table.play(CLOCK)
    kept = table.snapshot(1)
    assert of_player(kept, 1, "labeller")
    assert of_player(kept, 1, "generator.average")
    assert not of_player(kept, 1, "teacher")
    game = laid().game
    load(game, kept, 1, averaged=True)
    images = torch.randn(6, 1, 8, 8)
    own, there = (g.labeller(g.players, images) for g in (table.game, game))
    assert torch.equal(own, there)
