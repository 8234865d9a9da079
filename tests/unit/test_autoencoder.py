"""The autoencoder: its sizes, that it learns real digits, and the extractor of its codes."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

import tiny_runs as tiny
from gan_repro.features import autoencoder as features
from gan_repro.game import Batch, Clock
from gan_repro.images import SCALINGS, ImageShape
from gan_repro.methods.autoencoder import Settings, build, reconstruction
from gan_repro.nets.autoencoder import Autoencoder, Encoder

SIDES = [(8, 8), (8, 16), (9, 11), (28, 28), (28, 56), (32, 32), (48, 48)]


def network(shape: ImageShape, code_size: int = 5, width: int = 4) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(shape, code_size, width).eval()


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_size_come_back_with_their_shape(
    sides: tuple[int, int], channels: int
) -> None:
    shape = ImageShape(channels, *sides)
    images = torch.rand(3, *shape) * 2 - 1
    codes, back = network(shape)(images)
    assert codes.shape == (3, 5)
    assert back.shape == images.shape
    assert -1 <= back.min() < back.max() <= 1


@pytest.mark.parametrize("sides", SIDES)
def test_the_encoder_is_found_in_the_autoencoders_weights(sides: tuple[int, int]) -> None:
    whole = network(ImageShape(3, *sides), code_size=7)
    images = torch.rand(2, 3, *sides)
    encoder = Encoder.from_weights(whole.state_dict())
    assert torch.equal(encoder(images), whole(images)[0])


def test_the_loss_is_the_mean_squared_error_of_the_pixels() -> None:
    game = build(Settings(code_size=3, width=2), ImageShape(1, 8, 8), 10)
    images = torch.rand(6, 1, 8, 8) * 2 - 1
    batch = Batch(images, torch.zeros(6, dtype=torch.int64), torch.arange(6))
    with torch.no_grad():
        terms = reconstruction(game.players, batch, {}, Clock(0, 1), {})
        back = game.players["autoencoder"](images)[1]
    expected = np.mean((back.numpy().astype(np.float64) - images.numpy()) ** 2)
    assert terms.losses["squared_error"].item() == pytest.approx(expected, rel=1e-5)
    assert game.published == ("autoencoder",)
    assert game.sampler is None


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Tensor], pd.DataFrame]:
    """300 rounds on 100 real digits, with snapshots after 100 and 300."""
    run = tiny.run(
        "autoencoder", {"log_every": 50}, {"code_size": 16, "width": 8, "learning_rate": 5e-3},
        rounds=300, batch_size=32, snapshots=(1 / 3, 1.0),
    )  # fmt: skip
    weights, history, _ = tiny.trained(run, tmp_path_factory.mktemp("state"))
    return weights, history


def test_it_learns_real_digits(trained: tuple[dict[str, Tensor], pd.DataFrame]) -> None:
    errors = trained[1]["autoencoder.squared_error"].to_numpy()
    pixels = SCALINGS["symmetric"].forward(torch.from_numpy(tiny.digits().images), None)
    assert np.all(np.diff(errors) < 0)
    assert errors[-1] < 0.5 * pixels.var(dim=0).mean().item()  # better than the mean image


def test_features_are_the_codes_of_the_last_snapshot(
    trained: tuple[dict[str, Tensor], pd.DataFrame],
) -> None:
    extractor = features.load(features.Settings(), trained[0])
    images = tiny.digits().images
    found = extractor.features(images)
    assert (found.pooled.shape, found.pooled.dtype) == ((100, 16), np.float32)
    assert found.logits is None
    last = {k: v.numpy() for k, v in trained[0].items() if k.startswith("00000300/")}
    assert extractor.sha256 == features.load(features.Settings(), last).sha256
    first = {k: v for k, v in trained[0].items() if k.startswith("00000100/")}
    assert extractor.sha256 != features.load(features.Settings(), first).sha256
    parts = extractor.features(images, batch_size=7)
    np.testing.assert_allclose(parts.pooled, found.pooled, atol=1e-4)


def test_codes_see_pixels_in_the_middle_of_what_training_sees(
    trained: tuple[dict[str, Tensor], pd.DataFrame],
) -> None:
    images = torch.from_numpy(tiny.digits().images[:20]).float()
    own = {k.split("/", 2)[2]: v for k, v in trained[0].items() if k.startswith("00000300/")}
    encoder = Encoder.from_weights(own)
    lowest, highest = images / 128 - 1, (images + 1) / 128 - 1  # what dequantisation makes of them
    with torch.no_grad():
        expected = encoder((lowest + highest) / 2).numpy()
    found = features.load(features.Settings(), trained[0]).features(tiny.digits().images[:20])
    np.testing.assert_allclose(found.pooled, expected, atol=1e-4)


def test_settings_that_cannot_be_are_refused() -> None:
    for bad in ({"code_size": 0}, {"width": 0}, {"learning_rate": 0.0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Settings(**bad)
