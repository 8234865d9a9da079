"""AC-GAN beyond 32x32: ImageNet's network, no classes, a trained class head, and few classes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tiny_runs as tiny
from gan_repro import training
from gan_repro.errors import ConfigurationError, TrainingError
from gan_repro.features._views import resized
from gan_repro.game import Batch, Clock, Game
from gan_repro.images import MISSING, ImageShape, LabelSet
from gan_repro.methods import acgan
from gan_repro.nets import acgan as nets
from gan_repro.nets.classifier import Classifier
from tensors import close, count

DIGITS = ImageShape(1, 8, 8)
CLOCK = Clock(0, 1)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def game(**settings: object) -> Game:
    chosen = {k: v for k, v in tiny.method("acgan", **settings).items() if k != "kind"}
    built = acgan.build(acgan.Settings(**chosen), DIGITS, 10)
    for player in built.players.values():
        player.eval()
    return built


def terms(built: Game) -> tuple[dict, dict]:
    """D's and G's losses on six images."""
    draws = {name: torch.Generator().manual_seed(n) for n, name in enumerate(built.streams)}
    batch = Batch(torch.rand(6, *DIGITS), torch.arange(6), torch.arange(6))
    memory: dict[str, object] = {}
    first, second = built.turns
    found = first.terms(built.players, batch, draws, CLOCK, memory).losses
    return found, second.terms(built.players, None, draws, CLOCK, memory).losses


def test_the_network_for_imagenet_has_the_sizes_of_its_table() -> None:
    with torch.device("meta"):
        generator = nets.generator_imagenet(ImageShape(3, 128, 128), 110, 768)
        judge = nets.Discriminator(ImageShape(3, 128, 128), 16, 10, 0.1, 0.5)
        half = nets.generator_imagenet(ImageShape(3, 64, 64), 110, 768)
    up = 25 * (768 * 384 + 384 * 256 + 256 * 192 + 192 * 3) + 2 * (384 + 256 + 192)
    assert generator.bottom == (768, 8, 8)
    assert count(generator) == 111 * 8 * 8 * 768 + up
    assert half.bottom == (768, 4, 4)
    assert judge.source.in_features == 16 * 16 * 512
    assert judge.classify.out_features + judge.source.out_features == 11  # "Linear 11"


@pytest.mark.parametrize("side", [8, 28, 32, 64, 128])
def test_it_makes_images_of_any_size(side: int) -> None:
    shape = ImageShape(1, side, side)
    images = nets.generator_imagenet(shape, 18, 12)(torch.randn(2, 8), torch.eye(10)[:2])
    assert images.shape == (2, *shape)


def test_without_classes_the_same_game_has_no_class_loss_and_no_labels() -> None:
    told, untold = game(), game(conditional=False)
    found = [set(losses) for losses in terms(untold)]
    assert found == [{"real", "fake"}, {"adversarial"}]
    assert untold.players["discriminator"].classify is None
    inputs = (told.players["generator"].dense, untold.players["generator"].dense)
    assert inputs[0].in_features - inputs[1].in_features == 10
    assert (told.only_labelled, untold.only_labelled) == (True, False)
    draws = {name: torch.Generator().manual_seed(0) for name in untold.streams}
    made = untold.sampler.generate(untold.players, untold.sampler.draw(3, draws))
    assert made.labels is None
    assert made.images.shape == (3, *DIGITS)


def test_the_weights_of_source_and_class_loss_are_factors() -> None:
    plain, weighted = game(), game(source_weight=3.0, class_weight=0.5)
    for name, player in plain.players.items():
        weighted.players[name].load_state_dict(player.state_dict())
    torch.manual_seed(1)
    ones = terms(plain)
    torch.manual_seed(1)
    others = terms(weighted)
    factors = {"real": 3.0, "fake": 3.0, "adversarial": 3.0}
    for one, other in zip(ones, others, strict=True):
        for name, loss in one.items():
            assert close(other[name], factors.get(name, 0.5) * loss)


def test_a_trained_classifier_takes_the_place_of_the_class_head() -> None:
    built = game(encoder="classifier")
    assert built.upstream == {"classifier": "classifier"}
    assert built.players["discriminator"].classify is None
    d_losses, g_losses = terms(built)
    assert set(d_losses) == {"real", "fake"}
    assert set(g_losses) == {"adversarial", "class"}
    draws = {name: torch.Generator().manual_seed(n) for n, name in enumerate(built.streams)}
    memory = {"count": 6}
    found = built.turns[1].terms(built.players, None, draws, CLOCK, memory).losses["class"]
    again = {name: torch.Generator().manual_seed(n) for n, name in enumerate(built.streams)}
    labels = torch.randint(10, (6,), generator=again["labels"])
    latents = torch.randn(6, 8, generator=again["latents"])
    images = built.players["generator"](latents, F.one_hot(labels, 10).float())
    assert close(found, F.cross_entropy(built.players["classifier"](images)[1], labels))


@pytest.mark.parametrize("network", ["a", "b", "imagenet"])
def test_a_model_of_half_the_side_sees_and_makes_smaller_images(network: str) -> None:
    built = game(network=network, shrink=2)
    seen, made = [], []
    built.players["discriminator"].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    built.players["generator"].register_forward_hook(lambda _, given, out: made.append(out))
    terms(built)
    assert {images.shape[2:] for images in (*seen, *made)} == {(4, 4)}
    draws = {name: torch.Generator().manual_seed(0) for name in built.streams}
    shown = built.sampler.generate(built.players, built.sampler.draw(3, draws)).images
    assert shown.shape == (3, *DIGITS)
    enlarged = F.interpolate(made[-1], scale_factor=2, mode="bilinear")
    assert torch.equal(shown, enlarged)


def test_it_is_taught_by_images_resized_as_the_score_resizes_them() -> None:
    built = game(shrink=2)
    seen: list[torch.Tensor] = []
    built.players["discriminator"].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    pixels = np.random.default_rng(0).integers(0, 256, (6, *DIGITS), dtype=np.uint8)
    batch = Batch(torch.from_numpy(pixels).float(), torch.arange(6), torch.arange(6))
    draws = {name: torch.Generator().manual_seed(n) for n, name in enumerate(built.streams)}
    built.turns[0].terms(built.players, batch, draws, CLOCK, {})
    again = F.interpolate(seen[0].round(), scale_factor=2, mode="bilinear").round()
    np.testing.assert_array_equal(again.numpy(), resized(pixels, 2))


@pytest.mark.parametrize("side", [7, 28])
def test_half_a_pixel_is_refused(side: int) -> None:
    with pytest.raises(ConfigurationError, match="expected sides that 8 divides"):
        acgan.build(acgan.Settings(shrink=4), ImageShape(1, side, side), 10)


def test_the_trained_classifier_comes_from_its_run_and_rests(tmp_path) -> None:
    images = tiny.digits()
    run = tiny.run("acgan", settings={"encoder": "classifier"}, rounds=2)
    torch.manual_seed(3)
    state = Classifier(1, 10, 4).state_dict()
    upstream = {f"00000001/classifier/{name}": value for name, value in state.items()}
    with tiny.state_in(tmp_path):
        snapshots, history, _ = training.train(
            run, images, LabelSet(images.labels, {}), upstream=upstream
        )
        assert {key.split("/")[1] for key in snapshots} == {"generator"}
        assert "class" in " ".join(history.columns)
        with pytest.raises(TrainingError, match="needs a trained 'classifier'"):
            training.train(
                {**run, "key": "test.acgan.clean.seed1"}, images, LabelSet(images.labels, {})
            )


def test_images_of_other_classes_are_left_out(tmp_path) -> None:
    images = tiny.digits()
    labels = np.where(images.labels < 3, images.labels, MISSING)
    kind = {"kind": "class_subset", "settings": {"groups": 4, "group": 0}}
    run = tiny.run("acgan", labels=kind, rounds=2)
    with tiny.state_in(tmp_path):
        snapshots, _, _ = training.train(run, images, LabelSet(labels, {}))
    dense = next(v for k, v in snapshots.items() if k.endswith("generator/dense.weight"))
    assert dense.shape[1] == 8 + 3  # of ten classes, the first of four groups has three
