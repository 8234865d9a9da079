"""Encoders: AlexNet as it is born, RotNet, ResNet-18, and classifiers of noisy labels."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from torch import Tensor
from torch.nn import functional as F

import tiny_runs as tiny
from gan_repro.campaign import Campaign, Measuring
from gan_repro.entries import Entries
from gan_repro.errors import ConfigurationError
from gan_repro.features import alexnet_untrained as alexnet
from gan_repro.features import label_noise_encoder
from gan_repro.features import resnet18 as resnet_features
from gan_repro.features import rotnet as rotnet_features
from gan_repro.game import Batch, Clock
from gan_repro.images import SCALINGS, ImageShape
from gan_repro.locks import LockedRun
from gan_repro.measuring import Features, find_extractor, unsupervised
from gan_repro.methods import resnet18, rotnet
from gan_repro.nets.nin import NetworkInNetwork
from gan_repro.nets.resnet18 import ResNet18
from gan_repro.resolution import resolve_shared
from gan_repro.runs import LabelChoice
from gan_repro.scales import InstrumentSpec, read_scale
from tiny_project import ROOT

Trained = tuple[dict[str, Tensor], pd.DataFrame]
SHAPES = {  # at 64 pixels: by hand from the table of torchvision's convolutions
    "conv1": (64, 15), "pool1": (64, 7), "conv2": (192, 7), "pool2": (192, 3),
    "conv3": (384, 3), "conv4": (256, 3), "conv5": (256, 3), "pool5": (256, 1),
}  # fmt: skip


def seen(name: str, images: np.ndarray) -> Features:
    module, settings = find_extractor(f"alexnet_untrained_{name}")
    return module.load(settings).features(images)


def colour(n: int = 3, size: int = 20) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 3, size, size), dtype=np.uint8)


def nearest_agrees(pooled: np.ndarray, labels: np.ndarray) -> float:
    """The share of rows whose nearest other row in L1 has the same label."""
    apart = torch.cdist(torch.from_numpy(pooled), torch.from_numpy(pooled), p=1)
    nearest = apart.fill_diagonal_(torch.inf).argmin(dim=1).numpy()
    return float((labels[nearest] == labels).mean())


@pytest.mark.parametrize("layer", SHAPES)
def test_every_layer_of_alexnet_has_torchvisions_shape(layer: str) -> None:
    channels, side = SHAPES[layer]
    flat = seen(f"{layer}_64_flat", colour())
    mean = seen(f"{layer}_64_mean", colour())
    assert (flat.pooled.shape, mean.pooled.shape) == ((3, channels * side**2), (3, channels))
    assert flat.pooled.dtype == np.float32
    assert flat.logits is None
    assert flat.pooled.min() >= 0  # after ReLU
    averaged = flat.pooled.reshape(3, channels, -1).mean(axis=2)
    np.testing.assert_allclose(mean.pooled, averaged, atol=1e-6)


def test_alexnet_is_torchvisions_of_the_same_seed_on_normalised_pixels() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = torchvision.models.alexnet()
    large = F.interpolate(torch.from_numpy(colour()).float() / 255, (64, 64), mode="bilinear")
    normalise = torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = network.features(normalise(large)).flatten(1).numpy()
    found = seen("pool5_64_flat_seed3", colour()).pooled
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert expected.std() > 1e-3


def test_alexnet_neither_reads_nor_moves_the_global_generator() -> None:
    hashes = []
    with torch.random.fork_rng():
        for seed in (0, 1):
            torch.manual_seed(seed)
            before = torch.random.get_rng_state()
            hashes.append(alexnet.load(alexnet.Settings()).sha256)
            assert torch.equal(torch.random.get_rng_state(), before)
    other = alexnet.load(alexnet.Settings(seed=1)).sha256
    assert hashes[0] == hashes[1] != other


@pytest.mark.parametrize("layer", alexnet.LAYERS)
def test_a_side_that_a_layer_cannot_see_is_refused(layer: str) -> None:
    least = alexnet.LAYERS[layer][1]
    assert seen(f"{layer}_{least}_mean", colour()).pooled.shape[1] == SHAPES[layer][0]
    with pytest.raises(ConfigurationError, match=f"{layer} needs images of at least {least}"):
        find_extractor(f"alexnet_untrained_{layer}_{least - 1}_mean")
    network = torchvision.models.AlexNet().features[: alexnet.LAYERS[layer][0]]
    with pytest.raises(RuntimeError, match=r"too small|can't be greater"):
        network(torch.zeros(1, 3, least - 1, least - 1))


def test_alexnet_repeats_grey_images_and_does_not_know_the_batch() -> None:
    grey = colour()[:, :1]
    first = seen("conv5_64_flat", grey).pooled
    np.testing.assert_array_equal(first, seen("conv5_64_flat", grey.repeat(3, axis=1)).pooled)
    extractor = alexnet.load(alexnet.Settings(layer="conv5"))
    parts = extractor.features(grey, batch_size=1).pooled
    np.testing.assert_allclose(parts, first, atol=1e-5)


def test_neighbours_in_an_untrained_alexnet_share_their_class() -> None:
    digits = tiny.digits()
    assert nearest_agrees(seen("conv5_64_flat", digits.images).pooled, digits.labels) > 0.7


def test_images_are_turned_counterclockwise_by_quarters() -> None:
    images = torch.arange(8.0).view(2, 1, 2, 2)
    found, turns = rotnet.turned(images)
    assert turns.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert found[::2, 0].tolist() == [
        [[0, 1], [2, 3]], [[1, 3], [0, 2]], [[3, 2], [1, 0]], [[2, 0], [3, 1]],
    ]  # fmt: skip
    assert torch.equal(found[1::2], found[::2] + 4)


def test_rotnets_loss_is_the_cross_entropy_over_four_turns() -> None:
    game = rotnet.build(rotnet.Settings(width=6), ImageShape(3, 8, 8), 10)
    images = torch.rand(5, 3, 8, 8) * 2 - 1
    batch = Batch(images, torch.zeros(5, dtype=torch.int64), torch.arange(5))
    network = game.players["rotnet"].eval()
    with torch.no_grad():
        found = rotnet.rotation(game.players, batch, {}, Clock(0, 1), {})
        logits = [network(torch.rot90(images, k, (2, 3))) for k in range(4)]
    own = [F.log_softmax(rows, dim=1)[:, k] for k, rows in enumerate(logits)]
    told = [(rows.argmax(dim=1) == k).float() for k, rows in enumerate(logits)]
    assert found.losses["cross_entropy"].item() == pytest.approx(-torch.stack(own).mean().item())
    assert found.observed["accuracy"].item() == pytest.approx(torch.stack(told).mean().item())
    assert (game.streams, game.sampler, game.published) == ((), None, ("rotnet",))


def test_oblong_images_cannot_be_turned() -> None:
    with pytest.raises(ConfigurationError, match=r"28 x 56 pixels .* expected square ones"):
        rotnet.build(rotnet.Settings(width=4), ImageShape(1, 28, 56), 10)


def test_the_network_in_network_has_the_papers_channels() -> None:
    network = NetworkInNetwork(3, 4)
    first = 25 * 3 * 192 + 192 * 160 + 160 * 96
    second = 25 * 96 * 192 + 2 * 192 * 192
    upper = 2 * (9 + 1 + 1) * 192 * 192
    norms = 2 * (192 + 160 + 96 + 9 * 192)
    expected = first + second + upper + norms + 192 * 4 + 4
    assert sum(parameter.numel() for parameter in network.parameters()) == expected
    lower = network.eval().lower(torch.zeros(1, 3, 32, 32))
    assert lower.shape == (1, 192, 8, 8)


def test_rotnets_features_are_the_second_blocks_average() -> None:
    torch.manual_seed(0)
    network = NetworkInNetwork(1, 4, width=6).eval()
    weights = {f"00000001/rotnet/{k}": v for k, v in network.state_dict().items()}
    images = tiny.digits().images[:7]
    found = rotnet_features.load(rotnet_features.Settings(), weights).features(images)
    with torch.no_grad():
        pixels = (torch.from_numpy(images).float() + 0.5) / 128 - 1
        expected = network.lower(pixels).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(found.pooled, expected, atol=1e-5)
    assert found.logits is None


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trained]:
    """150 rounds on 100 real digits."""

    def train(kind: str, **settings: float) -> Trained:
        run = tiny.run(kind, {"log_every": 150}, settings, rounds=150, batch_size=32)
        weights, history, _ = tiny.trained(run, tmp_path_factory.mktemp(kind))
        return weights, history

    return train


def test_rotnet_learns_the_turns_of_real_digits(trained: Callable[..., Trained]) -> None:
    weights, _ = trained("rotnet", width=12)
    own = {k.split("/", 2)[2]: v for k, v in weights.items()}
    network = NetworkInNetwork.from_weights(own).eval()
    scaled = SCALINGS["symmetric"].forward(torch.from_numpy(tiny.digits().images), None)
    images, turns = rotnet.turned(scaled)
    with torch.no_grad():
        told = (network(images).argmax(dim=1) == turns).float().mean()
    assert told > 0.8  # by chance 0.25


def test_resnet18_learns_real_digits(trained: Callable[..., Trained]) -> None:
    weights, _ = trained("resnet18", width=8)
    extractor = resnet_features.load(resnet_features.Settings(), weights)
    found = extractor.features(tiny.digits().images)
    assert (found.pooled.shape, found.class_logits().shape) == ((100, 64), (100, 10))
    assert (found.class_logits().argmax(axis=1) == tiny.digits().labels).mean() > 0.9


@pytest.mark.parametrize("channels", [1, 3])
def test_resnet18_with_the_large_stem_is_torchvisions(channels: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = torchvision.models.resnet18(num_classes=5).eval()
    if channels == 1:
        theirs.conv1.weight.data = theirs.conv1.weight.data[:, :1]
    ours = ResNet18.from_weights(theirs.state_dict()).eval()
    images = torch.rand(2, channels, 64, 64)
    with torch.no_grad():
        pooled, logits = ours(images)
        torch.testing.assert_close(logits, theirs(images))
    assert pooled.shape == (2, 512)


@pytest.mark.parametrize(("side", "kernel", "first"), [(63, 3, 63), (64, 7, 16)])
def test_small_images_keep_their_size_in_the_stem(side: int, kernel: int, first: int) -> None:
    game = resnet18.build(resnet18.Settings(width=2), ImageShape(1, side, 128), 10)
    network = game.players["resnet18"]
    assert network.conv1.kernel_size == (kernel, kernel)
    stem = network.maxpool(network.conv1(torch.zeros(1, 1, side, side)))
    assert stem.shape == (1, 2, first, first)
    assert (game.only_labelled, game.streams) == (True, ())


def noisy_campaign() -> Campaign:
    """The smoke scale's instruments, and an encoder of labels of which 37% are random."""
    noise = InstrumentSpec(
        method={"kind": "classifier"}, rounds=10, batch_size=8, datasets={"digits": {}},
        labels=LabelChoice(kind="uniform_noise", settings={"rate": 0.37}),
    )  # fmt: skip
    scale = read_scale(ROOT / "conf" / "scales" / "smoke.yml")
    more = {**scale.instruments, "label_noise_encoder_37": noise}
    families = resolve_shared(scale.model_copy(update={"instruments": more}))
    runs = [
        LockedRun("shared", family, condition, seed, **entry)
        for family, conditions in families.items()
        for condition, seeds in conditions.items()
        for seed, entry in seeds.items()
    ]
    return Campaign("smoke", tuple(runs), {}, ())


def test_an_encoder_of_noisy_labels_is_an_instrument_of_its_own() -> None:
    measuring = Measuring("digits", "train", "label_noise_encoder_37")
    run = noisy_campaign().instrument(measuring)
    assert measuring.trained_here
    assert run.key == "shared.label_noise_encoder_37_digits.uniform_noise.seed0"
    assert run.train["labels"] == {"kind": "uniform_noise", "settings": {"rate": 0.37, "seed": 0}}
    with pytest.raises(ConfigurationError, match=r"instruments\.label_noise_encoder_38\.datasets"):
        noisy_campaign().instrument(measuring._replace(extractor="label_noise_encoder_38"))


@pytest.mark.parametrize(
    "extractor", ["label_noise_encoder_50", "alexnet_untrained_conv5_224_flat_seed3"]
)
def test_long_names_of_extractors_are_files_of_the_catalog(extractor: str) -> None:
    path = Entries(ROOT, "smoke").path(f"reference.digits.test.{extractor}")
    assert Path(path).parts[-3:] == ("digits", "test", f"{extractor}.npz")


def test_the_noise_encoder_is_the_classifiers_penultimate_layer() -> None:
    module, settings = find_extractor("label_noise_encoder_90")
    assert module is label_noise_encoder
    weights = tiny.table(tiny.run("classifier")).snapshot(4)
    found = module.load(settings, weights).features(tiny.digits().images)
    classifier, nothing = find_extractor("classifier")
    same = classifier.load(nothing, weights).features(tiny.digits().images)
    np.testing.assert_array_equal(found.pooled, same.pooled)
    with pytest.raises(ValueError, match="must not know"):
        unsupervised("label_noise_encoder_90")
    assert unsupervised("rotnet") == "rotnet"
    assert unsupervised("alexnet_untrained_conv5_64_mean")
