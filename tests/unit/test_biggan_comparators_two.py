"""Multi-hinge, SLCGAN and FQ-GAN, against plain computations."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tiny_runs as tiny
from gan_repro import kinds
from gan_repro.errors import ConfigurationError
from gan_repro.game import Clock
from gan_repro.images import MISSING, ImageShape
from gan_repro.methods import slcgan
from gan_repro.methods.multi_hinge import accuracy, multi_hinge
from gan_repro.nets.label_outputs import gumbel_softmax
from gan_repro.nets.quantised import Codebook
from tensors import close, differ
from tiny_turns import LABELS, REAL, draws, laid, play

CONDITIONAL = pytest.mark.parametrize("conditional", [True, False])
GIVEN = LABELS != MISSING


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(
    "kind",
    ["topk_gan", "consistency_gan", "slcgan", "diffaugment_gan", "multi_hinge", "fq_gan"],
)
def test_guesses_are_told(kind):
    guesses = kinds.find("methods", kind).GUESSES
    assert isinstance(guesses, tuple)
    assert guesses
    assert all(isinstance(guess, str) and guess.strip() for guess in guesses)


# multi-hinge


def hinge(logits: list[float], target: int) -> float:
    """Crammer and Singer's loss of one image."""
    others = [value for place, value in enumerate(logits) if place != target]
    return max(0.0, 1 + max(others) - logits[target])


def not_fake(logits: list[float]) -> float:
    """The loss of a real image whose class nobody says."""
    return max(0.0, 1 + logits[-1] - max(logits[:-1]))


def test_the_multi_hinge_is_a_margin_to_the_best_other_class():
    logits = torch.randn(20, 5) * 1.5
    logits[0] = 0.7  # ties
    targets = torch.arange(20) % 5
    found = multi_hinge(logits, torch.eye(5)[targets])
    expected = [hinge(row, t) for row, t in zip(logits.tolist(), targets.tolist(), strict=True)]
    assert found.tolist() == pytest.approx(expected, abs=1e-6)
    assert 0 in expected


def test_a_soft_label_weights_the_losses_of_its_classes_and_none_is_not_fake():
    logits = torch.randn(3, 4)
    rows = torch.tensor([[0.2, 0.5, 0.3, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    soft, hard, free = multi_hinge(logits, rows).tolist()
    first, second, third = logits.tolist()
    parts = [share * hinge(first, place) for place, share in enumerate((0.2, 0.5, 0.3))]
    assert soft == pytest.approx(sum(parts), abs=1e-6)
    assert hard == pytest.approx(hinge(second, 1), abs=1e-6)
    assert free == pytest.approx(not_fake(third), abs=1e-6)


def test_accuracy_is_over_labelled_rows():
    logits = torch.tensor([[3.0, 1.0, 0.0], [3.0, 1.0, 0.0], [0.0, 0.0, 9.0]])
    rows = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert accuracy(logits, rows).item() == 0.5
    assert accuracy(logits, torch.zeros(3, 3)).item() == 0.0


@pytest.mark.parametrize("passes", ["joint", "separate"])
@CONDITIONAL
def test_both_turns_have_the_multi_hinge_losses(conditional, passes):
    game = laid("multi_hinge", conditional=conditional, passes=passes)
    found = play(game, seeds=2)  # other draws in the generator's turn: it needs none
    network = game.players["discriminator"]
    with torch.no_grad():
        true, false = network(REAL).tolist(), network(found.fake).tolist()
        features = [network.features(images).mean(dim=0) for images in (found.fake, REAL)]
    fake = 10 if conditional else 1
    assert {len(row) for row in true} == {fake + 1}
    classes = found.labels.argmax(dim=1).tolist() if conditional else [0] * 6
    labels = LABELS.tolist() if conditional else [0] * 6
    real = [
        not_fake(row) if label == MISSING else hinge(row, label)
        for row, label in zip(true, labels, strict=True)
    ]
    own = [hinge(row, c) for row, c in zip(false, classes, strict=True)]
    expected = {
        ("discriminator", "real"): np.mean(real),
        ("discriminator", "fake"): np.mean([hinge(row, fake) for row in false]),
        ("generator", "class"): 0.05 * np.mean(own),
        ("generator", "features"): (features[0] - features[1]).abs().mean().item(),
    }
    for (turn, name), value in expected.items():
        assert found.terms[turn].losses[name].item() == pytest.approx(value, rel=1e-4)


def test_without_labels_the_multi_hinge_is_the_hinge_of_the_difference():
    logits = torch.randn(10, 2) * 2
    margin = logits[:, 0] - logits[:, 1]
    true, false = (multi_hinge(logits, torch.eye(2)[[c] * 10]) for c in (0, 1))
    assert close(true, F.relu(1 - margin))
    assert close(false, F.relu(1 + margin))


# SLCGAN


def test_draws_follow_the_softmax_and_are_one_hot():
    logits = torch.tensor([2.0, 0.0, -1.0, 0.5])
    noise = torch.rand(20_000, 4, generator=torch.Generator().manual_seed(0))
    rows = slcgan.drawn(logits.expand(20_000, 4), noise, 0.7)
    assert torch.equal(rows, F.one_hot(rows.argmax(dim=1), 4).float())
    expected = [math.exp(v) / sum(math.exp(w) for w in logits.tolist()) for v in logits.tolist()]
    assert rows.mean(dim=0).tolist() == pytest.approx(expected, abs=0.015)


def test_a_draw_has_the_gradient_of_the_gumbel_softmax():
    noise, weights = torch.rand(5, 3), torch.randn(5, 3)
    slopes = []
    for output in (slcgan.drawn, gumbel_softmax):
        logits = torch.linspace(-1, 1, 15).view(5, 3).requires_grad_(True)
        (weights * output(logits, noise, 0.5)).sum().backward()
        slopes.append(logits.grad)
    assert close(*slopes, tolerance=1e-6)
    assert slopes[0].abs().max() > 1e-2


def test_evenness_is_1_for_even_shares_and_0_for_one_cluster():
    assert slcgan.evenness(torch.full((8,), 1 / 8)).item() == pytest.approx(1.0)
    assert slcgan.evenness(torch.eye(8)[3]).item() == 0.0


@CONDITIONAL
def test_slcgans_losses_are_those_of_its_docstring(conditional):
    game = laid("slcgan", conditional=conditional, clusters=12)
    found = play(game)
    network = game.players["discriminator"]
    with torch.no_grad():
        logits = game.players["clusterer"](REAL)
        gumbel = -(-torch.rand(6, 12, generator=draws(game)["clusters"]).log()).log()
        rows = torch.eye(12)[(logits + gumbel).argmax(dim=1)]
        if conditional:
            rows[GIVEN] = torch.eye(12)[LABELS[GIVEN]]
        true, false = network(REAL, rows), network(found.fake, found.labels)
        mean = logits.softmax(dim=1).mean(dim=0)
    terms = found.terms
    assert list(terms) == ["discriminator", "clusterer", "generator"]
    assert close(terms["discriminator"].losses["real"], F.relu(1 - true).mean())
    assert close(terms["discriminator"].losses["fake"], F.relu(1 + false).mean())
    assert close(terms["clusterer"].losses["adversarial"], true.mean())
    divergence = sum(p * math.log(p * 12) for p in mean.tolist())
    assert terms["clusterer"].losses["uneven"].item() == pytest.approx(divergence, abs=1e-6)
    assert close(terms["generator"].losses["adversarial"], -false.mean())
    assert game.sampler.classes == 12


def test_the_clusterer_learns_from_the_images_that_it_labels():
    for labels, learns in ((LABELS, True), (torch.tensor([3, 4, 1, 9, 2, 0]), False)):
        game = laid("slcgan", conditional=True)
        clusterer = game.players["clusterer"].requires_grad_(True)
        play(game, labels).terms["clusterer"].losses["adversarial"].backward()
        slopes = [p.grad.abs().max() for p in clusterer.parameters() if p.grad is not None]
        assert (max(slopes, default=torch.zeros(())) > 0) == learns


def test_more_classes_than_clusters_are_refused_unless_labels_are_unused():
    shape = ImageShape(1, 8, 8)
    with pytest.raises(ConfigurationError, match="clusters is 5, but labels have 10 entries"):
        slcgan.build(slcgan.Settings(clusters=5, conditional=True), shape, 10)
    table = tiny.table(tiny.run("slcgan", settings={"clusters": 5}))
    table.play(Clock(0, 1))
    assert table.game.sampler.classes == 5


def test_the_clusterer_labels_real_images():
    game = laid("slcgan", clusters=7)
    said = game.labeller(game.players, REAL)
    assert said.shape == (6, 7)
    assert close(said.sum(dim=1), torch.ones(6))
    assert "clusterer" in game.published


# FQ-GAN


def book(codes: int = 5, width: int = 3, decay: float = 0.8) -> tuple[Codebook, dict[str, Tensor]]:
    state = Codebook.first("b", codes, width)
    return Codebook(state, "b", decay), state


def test_each_place_gets_its_nearest_code_and_passes_its_gradient():
    codebook, state = book()
    maps = torch.randn(2, 3, 4, 4, requires_grad=True)
    found = codebook.quantise(maps, learn=False)
    uses = np.zeros(5)
    apart = np.zeros(2)
    for n in range(2):
        for i in range(4):
            for j in range(4):
                here = maps.detach()[n, :, i, j]
                best = min(range(5), key=lambda k: (state["b.codes"][k] - here).pow(2).sum())
                assert close(found.maps[n, :, i, j].detach(), state["b.codes"][best])
                uses[best] += 1
                apart[n] += float((state["b.codes"][best] - here).pow(2).sum())
    assert found.commitment.tolist() == pytest.approx(list(apart / 48), rel=1e-5)
    shares = uses[uses > 0] / uses.sum()
    assert found.perplexity.item() == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))
    weights = torch.randn(2, 3, 4, 4)
    (passed,) = torch.autograd.grad((found.maps * weights).sum(), maps, retain_graph=True)
    assert close(passed, weights)
    (pulled,) = torch.autograd.grad(found.commitment.sum(), maps)
    assert close(pulled, 2 * (maps - found.maps).detach() / 48)


def test_codes_are_moving_averages_of_the_features_nearest_to_them():
    codebook, state = book(codes=4, width=2, decay=0.8)
    codes = state["b.codes"].numpy().astype(np.float64)
    sums, uses = codes.copy(), np.zeros(4)
    for _ in range(4):
        maps = torch.randn(3, 2, 4, 4)
        flat = maps.permute(0, 2, 3, 1).reshape(-1, 2).numpy()
        nearest = ((flat[:, None] - codes) ** 2).sum(axis=2).argmin(axis=1)
        codebook.quantise(maps, learn=True)
        for k in range(4):
            uses[k] = 0.8 * uses[k] + 0.2 * (nearest == k).sum()
            sums[k] = 0.8 * sums[k] + 0.2 * flat[nearest == k].sum(axis=0)
        total = uses.sum()
        codes = sums / ((uses + 1e-5) / (total + 4e-5) * total)[:, None]
        assert np.allclose(state["b.uses"], uses, rtol=1e-4)
        assert np.allclose(state["b.codes"], codes, rtol=1e-3, atol=1e-5)


def test_a_code_that_starts_far_from_all_features_is_thrown_away_and_fades():
    codebook, state = book(codes=2)
    state["b.codes"].copy_(torch.tensor([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0]]))
    state["b.sums"].copy_(state["b.codes"])
    maps = torch.randn(2, 3, 4, 4) * 0.1 + 1
    codebook.quantise(maps, learn=True)
    assert state["b.codes"][1, 0] > 1e5  # no use: eps alone divides its sum
    for _ in range(100):
        codebook.quantise(maps, learn=True)
    assert state["b.codes"][1].abs().max() < 1e-3
    assert close(state["b.codes"][0], maps.mean(dim=(0, 2, 3)), 0.02)


def test_quantising_is_in_float32_whatever_the_autocast():
    codebook, state = book()
    maps = torch.randn(2, 3, 4, 4).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = codebook.quantise(maps, learn=True)
    assert (found.maps.dtype, found.commitment.dtype) == (torch.bfloat16, torch.float32)
    assert {value.dtype for value in state.values()} == {torch.float32}


@pytest.mark.parametrize("passed_on", ["codes", "maps"])
@pytest.mark.parametrize("passes", ["joint", "separate"])
@CONDITIONAL
def test_both_turns_add_the_commitment_of_the_blocks(passed_on, passes, conditional):
    chosen = {"passed_on": passed_on, "passes": passes, "conditional": conditional}
    game = laid("fq_gan", blocks=(0, 2), codes=16, commitment_weight=0.5, **chosen)
    found = play(game)
    trunk = game.players["discriminator"].trunk

    def committed(images: Tensor) -> tuple[Tensor, float]:
        x, total = images, 0.0
        for number, block in enumerate(trunk.blocks):
            x = block(x)
            if number in {0, 2}:
                places = x.permute(0, 2, 3, 1)
                distances = (places.unsqueeze(-2) - game.state[f"block{number}.codes"]).pow(2)
                nearest = distances.sum(dim=-1).argmin(dim=-1)
                codes = game.state[f"block{number}.codes"][nearest]
                total += (codes - places).pow(2).mean().item()
                x = codes.permute(0, 3, 1, 2) if passed_on == "codes" else x
        return F.relu(x).sum(dim=(2, 3)), total

    with torch.no_grad():
        (real, of_real), (fake, of_fake) = committed(REAL), committed(found.fake)
        judge = game.players["discriminator"].judge
        true, false = judge(real, LABELS if conditional else None), judge(fake, found.labels)
    losses, own = (found.terms[turn].losses for turn in ("discriminator", "generator"))
    assert losses["real_commitment"].item() == pytest.approx(0.5 * of_real, rel=1e-4)
    assert losses["fake_commitment"].item() == pytest.approx(0.5 * of_fake, rel=1e-4)
    assert own["commitment"].item() == pytest.approx(0.5 * of_fake, rel=1e-4)
    assert close(losses["real"], F.relu(1 - true).mean(), 1e-4)
    assert close(losses["fake"], F.relu(1 + false).mean(), 1e-4)
    assert close(own["adversarial"], -false.mean(), 1e-4)
    assert 1 <= found.terms["discriminator"].observed["perplexity"] <= 16


def test_codebooks_are_state_and_learn_in_training_alone():
    game = laid("fq_gan", blocks=(1, 3), codes=8)
    assert {name: tuple(value.shape) for name, value in game.state.items()} == {
        f"block{n}.{name}": shape
        for n in (1, 3)
        for name, shape in (("codes", (8, 12)), ("sums", (8, 12)), ("uses", (8,)))
    }
    before = game.state["block3.codes"].clone()
    play(game)
    assert torch.equal(game.state["block3.codes"], before)
    game.players["discriminator"].train()
    play(game)
    assert differ(game.state["block3.codes"], before)
    assert not any("codes" in name for name in game.players["discriminator"].state_dict())
