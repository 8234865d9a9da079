"""Codes as conditions: pairs, neighbours, the triple coupled loss, CGAN, and codes of samples."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tiny_runs as tiny
from gan_repro import score_rows, snapshots
from gan_repro.checking import read_yaml
from gan_repro.errors import ConfigurationError, EvaluationError
from gan_repro.evaluation import evaluate, measure
from gan_repro.game import Clock, Game
from gan_repro.images import ImageSet, ImageShape, LabelSet
from gan_repro.labels import features
from gan_repro.measuring import Reference
from gan_repro.methods import cgan, latent_conditioning
from gan_repro.nets.classifier import Classifier
from gan_repro.nets.coded import LARGEST, ChannelDiscriminator, CodedGenerator, Standardise
from gan_repro.nets.resnet import Discriminator, Generator
from gan_repro.runs import RunSpec
from gan_repro.sampling import Codes, sample
from gan_repro.training.table import Table, lay
from tiny_views import view

PROTOCOLS = read_yaml(Path(__file__).parents[2] / "conf" / "base" / "protocols.yml")
ALEXNET = "alexnet_untrained_pool5_64_flat"
SMALL = {"generator_width": 4, "discriminator_width": 4, "latent_size": 8}
SHAPE = ImageShape(1, 8, 8)


def coded(labels: np.ndarray | None = None, rounds: int = 4, **method: Any) -> Table:
    """A table of latent_conditioning on 100 digits with random codes of five numbers."""
    codes = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)
    run = tiny.run("latent_conditioning", settings=method, rounds=rounds)
    images = ImageSet(tiny.digits().images, codes if labels is None else labels, 5)
    return lay(RunSpec(**run), images, images.labels)


def test_neighbours_are_the_nearest_other_and_the_farthest_by_l1() -> None:
    codes = torch.tensor([[0.0, 0.0], [3.0, 0.0], [2.0, 2.0], [1.0, 9.0]])
    nearest, farthest = latent_conditioning.neighbours(codes)
    assert nearest.tolist() == [1, 0, 1, 2]  # by L2, the first row's would be row 2
    assert farthest.tolist() == [3, 3, 3, 1]
    same = torch.zeros(3, 2)
    assert all(i != j for i, j in enumerate(latent_conditioning.neighbours(same)[0].tolist()))


@pytest.mark.parametrize("loss", ["minimax", "hinge"])
def test_the_triple_coupled_loss_is_equation_5(loss: str) -> None:
    table = coded(loss=loss, adversarial_weight=0.25, same_weight=2.0, diff_weight=0.75)
    batch, memory = next(table.batches), {}
    generator_turn, discriminator_turn = table.game.turns
    players, clock = table.game.players, Clock(0, 4)
    adversarial = generator_turn.terms(players, batch, table.draws, clock, memory)
    before = {name: draw.get_state() for name, draw in table.draws.items()}
    found = discriminator_turn.terms(players, batch, table.draws, clock, memory).losses

    table.draws["latents"].set_state(before["latents"])
    latents = torch.randn(6, 8, generator=table.draws["latents"])
    with torch.no_grad():
        fakes = players["generator"](latents, batch.labels)
    x, distances = batch.images, (batch.labels[:, None] - batch.labels[None]).abs().sum(2)
    farthest = distances.argmax(1)
    nearest = distances.fill_diagonal_(1e9).argmin(1)
    frozen = players["discriminator"].eval()

    def scores(right: torch.Tensor) -> torch.Tensor:
        return frozen(torch.cat([x, right], dim=1))

    true = F.softplus if loss == "minimax" else lambda s: F.relu(1 + s)
    expected = {
        "same": 2.0 * true(-scores(x[nearest])).mean(),
        "diff": 0.75 * true(scores(x[farthest])).mean(),
        "adversarial": 0.25 * true(scores(fakes)).mean(),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item(), rel=0.05), name
    assert adversarial.losses.keys() == {"adversarial"}


def test_a_term_of_weight_0_is_left_out_and_one_must_be_left() -> None:
    table = coded(diff_weight=0.0, same_weight=0.0)
    assert table.play(Clock(0, 4)) is None
    names = {turn.name: turn for turn in table.game.turns}
    terms = names["discriminator"].terms(
        table.game.players, next(table.batches), table.draws, Clock(0, 4),
        {"codes": torch.randn(6, 5)},
    )  # fmt: skip
    assert terms.losses.keys() == {"adversarial"}
    with pytest.raises(ValueError, match="must not be 0"):
        latent_conditioning.Settings(adversarial_weight=0, same_weight=0, diff_weight=0)


def test_the_discriminator_learns_in_every_nth_round() -> None:
    table = coded(discriminator_every=3)
    moved = []
    for played in range(6):
        before = [p.clone() for p in table.game.players["discriminator"].parameters()]
        table.play(Clock(played, 6))
        after = table.game.players["discriminator"].parameters()
        moved.append(any(not torch.equal(a, b) for a, b in zip(before, after, strict=True)))
    assert moved == [True, False, False, True, False, False]


def test_a_code_is_heard_whatever_its_scale() -> None:
    torch.manual_seed(0)
    codes, latents = torch.randn(32, 5), torch.randn(32, 8)
    generator = CodedGenerator(Generator(SHAPE, 13, 4), 5)
    loud, quiet = generator(latents, codes), generator(latents, 1e-4 * codes + 3e-4)
    torch.testing.assert_close(loud, quiet, atol=1e-3, rtol=0)
    other = generator(latents, codes.flip(0))
    assert (loud - other).abs().max() > 0.01
    one_hot = CodedGenerator(Generator(SHAPE, 13, 4), 5, standardised=False)
    assert not list(one_hot.buffers(recurse=False))
    assert isinstance(one_hot.standardise, torch.nn.Identity)


def test_a_rarely_active_coordinate_is_no_wider_in_inference_than_in_a_batch() -> None:
    standardise, active = Standardise(2), torch.zeros(64, 2)
    active[:, 1] = torch.arange(64.0)
    for _ in range(50):
        standardise(active)
    active[0, 0] = 1.0
    assert standardise(active)[0, 0].item() == pytest.approx(63**0.5, rel=1e-3)
    found = standardise.eval()(active)
    assert found[0, 0].item() == LARGEST
    assert found[1:, 0].abs().max() < 0.1
    assert found[:, 1].mean().abs() < 0.01


def test_a_discriminator_sees_conditions_only_when_it_is_given_them() -> None:
    torch.manual_seed(0)
    images, rows = torch.rand(4, 1, 8, 8), torch.randn(4, 3)
    sees = ChannelDiscriminator(Discriminator(SHAPE._replace(channels=4), 4), 3).eval()
    blind = ChannelDiscriminator(Discriminator(SHAPE, 4), 0).eval()
    assert not torch.allclose(sees(images, rows), sees(images, rows.flip(0)))
    assert torch.equal(blind(images, rows), blind(images, rows.flip(0)))


def build_cgan(**changes: Any) -> Game:
    return cgan.build(cgan.Settings(**SMALL, **changes), SHAPE, 5)


@pytest.mark.parametrize(("condition", "asked"), [("class", {"labels"}), ("code", set())])
def test_cgan_draws_classes_and_never_codes(condition: str, asked: set[str]) -> None:
    game = build_cgan(condition=condition)
    draws = {name: torch.Generator().manual_seed(0) for name in game.streams}
    assert game.sampler.draw(3, draws).keys() == {"latents"} | asked
    assert game.sampler.coded == (condition == "code")


@pytest.mark.parametrize(
    ("course", "expected"), [([9, 4, 1.2, 1], 0.75), ([1, 1, 1, 1], 0.25), ([9, 1, 5, 1], 1.0)]
)
def test_a_number_settles_where_it_stays_near_its_last_value(course, expected) -> None:
    per_round = {10 * (i + 1): {"fid": value} for i, value in enumerate(course)}
    assert score_rows._settled_at(per_round, "fid") == expected


# Labels of kind features


def digits_seen() -> tuple[ImageSet, Reference]:
    images = tiny.digits()
    return images, measure(images, ALEXNET, "digits", "train")


def test_codes_are_the_extractors_features_and_the_manifest_tells_of_them() -> None:
    images, seen = digits_seen()
    made = features.make(features.Settings(extractor=ALEXNET, code_size=256), images, seen)
    assert np.array_equal(made.labels, seen.features.pooled)
    assert made.labels.dtype == np.float32
    assert made.manifest["sees_labels"] == "none"
    assert made.manifest["extractor_sha256"] == seen.extractor_sha256
    spread = seen.features.pooled.std(axis=0, dtype=np.float64)
    assert made.manifest["mean_deviation"] == pytest.approx(spread.mean())


def test_codes_of_another_size_are_refused() -> None:
    images, seen = digits_seen()
    with pytest.raises(ConfigurationError, match=r"code_size is 255, but .* gives 256 features"):
        features.make(features.Settings(extractor=ALEXNET, code_size=255), images, seen)


def test_every_code_is_used_before_one_is_used_again() -> None:
    codes = Codes(np.zeros((10, 2), np.float32), np.zeros(10, np.int64))
    places = codes.places(25, seed=3)
    assert sorted(places[:10]) == sorted(places[10:20]) == list(range(10))
    assert not np.array_equal(places[:10], places[10:20])
    assert np.array_equal(codes.places(7, seed=3), places[:7])
    assert not np.array_equal(codes.places(25, seed=4), places)


# Scores of a generator that is conditioned on codes


def a_run() -> dict[str, Any]:
    labels = {"kind": "features", "settings": {"extractor": "probe", "code_size": 10}}
    return tiny.run("latent_conditioning", labels=labels, snapshots=(0.5, 1.0))


def references() -> tuple[Reference, Reference]:
    """The classifier's view of 100 digits, and one-hot classes as their codes."""
    torch.manual_seed(0)
    weights = {f"00000001/classifier/{k}": v for k, v in Classifier(1, 10, 8).state_dict().items()}
    images = tiny.digits()
    seen = measure(images, "classifier", "digits", "test", weights)
    codes = view(images, "probe", np.eye(10)[images.labels])
    return seen, Reference(**{**vars(codes), "split": "test"})


def kept(run: dict[str, Any]) -> dict[str, torch.Tensor]:
    spec = RunSpec(**run)
    torch.manual_seed(0)
    game = latent_conditioning.build(spec.settings(), tiny.digits().shape, 10)
    weights = {"generator": game.players["generator"].state_dict()}
    return {k: v for n in spec.snapshot_rounds for k, v in snapshots.flatten(weights, n).items()}


def test_condition_accuracy_compares_with_the_class_of_the_image_whose_code_was_fed() -> None:
    run, labels = a_run(), LabelSet(np.eye(10, dtype=np.float32)[tiny.digits().labels], {})
    protocol = {**PROTOCOLS["classifier_condition_smoke"], "samples": 100}
    weights, (seen, codes) = kept(run), references()
    rows, sheet = evaluate(run, ["one"], {"one": protocol}, weights, labels, seen, codes)
    found = {row["metric"]: row["value"] for row in rows}
    assert found["accuracy"] == (seen.features.logits.argmax(axis=1) == seen.labels).mean()

    fed = Codes(codes.features.pooled, seen.labels)
    drawn = sample(RunSpec(**run), weights, 4, seen.shape, 10, 112, seed=0, codes=fed).first(100)
    assert np.array_equal(drawn.labels, seen.labels[fed.places(112, 0)][:100])
    answers = measure(drawn, "classifier", "digits", "test", seen.weights).features.logits
    assert found["label_agreement"] == (answers.argmax(axis=1) == drawn.labels).mean()
    assert sheet.size[0] > 0


def test_samples_without_the_codes_view_are_refused() -> None:
    run, labels = a_run(), LabelSet(np.eye(10, dtype=np.float32)[tiny.digits().labels], {})
    seen, _ = references()
    with pytest.raises(EvaluationError, match="need the codes that probe gives"):
        evaluate(run, ["classifier_is_smoke_last"], PROTOCOLS, kept(run), labels, seen)


def test_a_share_of_the_run_is_scored_where_a_snapshot_was_kept() -> None:
    run, labels = a_run(), LabelSet(np.eye(10, dtype=np.float32)[tiny.digits().labels], {})
    early = {**PROTOCOLS["classifier_condition_smoke"], "samples": 50, "snapshots": 0.5}
    rows, _ = evaluate(run, ["early"], {"early": early}, kept(run), labels, *references())
    assert {row["snapshot"] for row in rows} == {2}
    absent = {**early, "snapshots": 0.25}
    with pytest.raises(EvaluationError, match="no snapshot of round 1; kept are 2, 4"):
        evaluate(run, ["early"], {"early": absent}, kept(run), labels, *references())


def test_a_course_may_be_correlated() -> None:
    run, labels = a_run(), LabelSet(np.eye(10, dtype=np.float32)[tiny.digits().labels], {})
    course = {
        **PROTOCOLS["classifier_condition_course_smoke"],
        "metrics": {"inception_score": {"splits": 1}, "accuracy": {}},
        "samples": 50,
        "correlate": ["inception_score", "accuracy"],
        "settles": None,
    }
    rows, _ = evaluate(run, ["course"], {"course": course}, kept(run), labels, *references())
    assert "rank_correlation" not in {row["metric"] for row in rows}, "accuracy never moves"
    late = {**course, "snapshots": "last"}
    with pytest.raises(ConfigurationError, match="correlate: needs snapshots: all, got 'last'"):
        evaluate(run, ["course"], {"course": late}, kept(run), labels, *references())
