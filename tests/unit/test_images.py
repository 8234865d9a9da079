"""Sets of images refuse what they should, and every pixel scaling finds its way back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.errors import ConfigurationError, DataError
from gan_repro.images import SCALINGS, ImageSet, ImageShape, pixel_scaling

BYTES = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
RANGES = {"dequantised": (-1.0, 1.0), "symmetric": (-1.0, 1.0), "unit": (0.0, 1.0)}


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", SCALINGS)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_byte_comes_back(name, seed):
    scaling = pixel_scaling(name)
    scaled = scaling.forward(BYTES, generator(seed))
    assert scaled.dtype == torch.float32
    low, high = RANGES[name]
    assert low <= scaled.min() < scaled.max() <= high
    assert torch.equal(scaling.inverse(scaled), BYTES)


def test_dequantisation_fills_the_step_between_two_bytes():
    """x/128 - 1 + U(0, 1/128): sngan_projection, datasets/cifar10.py."""
    pixels = torch.full((100_000,), 77, dtype=torch.uint8)
    jitter = (SCALINGS["dequantised"].forward(pixels, generator(0)) + 1) * 128 - 77
    assert -1e-4 <= jitter.min() < 0.001
    assert 0.999 < jitter.max() <= 1
    assert abs(jitter.mean() - 1 / 2) < 0.005
    assert abs(jitter.var() - 1 / 12) < 0.002


def test_dequantisation_is_seeded():
    forward = SCALINGS["dequantised"].forward
    first, again, other = (forward(BYTES, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_dequantised_byte_is_off_by_at_most_one_step_of_float32():
    """Noise within 2^-16 of 1 can round up to the next byte; no other noise changes one."""
    pixels = torch.randint(0, 256, (1_000_000,), generator=generator(0), dtype=torch.uint8)
    noise = torch.rand(pixels.shape, generator=generator(1))
    scaling = SCALINGS["dequantised"]
    back = scaling.inverse(scaling.forward(pixels, generator(1))).int() - pixels.int()
    assert back.min() == 0
    assert back.max() <= 1
    assert (back[noise < 1 - 2**-16] == 0).all()


@pytest.mark.parametrize(("name", "low", "high"), [(n, *r) for n, r in RANGES.items()])
def test_numbers_beyond_the_range_are_clipped(name, low, high):
    values = torch.tensor([low - 1, low, high, high + 1])
    assert SCALINGS[name].inverse(values).tolist() == [0, 0, 255, 255]


def test_the_inverse_takes_bfloat16():
    assert SCALINGS["symmetric"].inverse(torch.tensor([0.0]).bfloat16()).dtype == torch.uint8


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ConfigurationError, match=r"'tanh'\. Known: dequantised, symmetric, unit"):
        pixel_scaling("tanh")


def four(dtype: type = np.uint8) -> np.ndarray:
    return np.zeros((4, 3, 8, 6), dtype=dtype)


def test_an_image_set_knows_its_size_and_shape():
    images = ImageSet(four(), np.arange(4), 4, ("a", "b", "c", "d"))
    assert len(images) == 4
    assert images.shape == ImageShape(channels=3, height=8, width=6)
    assert len(images.first(2)) == len(images.first(2).labels) == 2
    assert len(images.first(None)) == 4
    assert images.first(2).names == images.names


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (four(np.float32), np.arange(4), "images are float32 of shape .* expected uint8"),
        (four()[:, 0], np.arange(4), r"of shape \(4, 8, 6\); expected"),
        (four(), np.arange(3), "4 images have 3 labels"),
        (four(), np.zeros((4, 5), np.float32), "soft labels have 5 columns, not 4"),
    ],
)
def test_what_does_not_fit_is_refused(images, labels, message):
    with pytest.raises(DataError, match=message):
        ImageSet(images, labels, 4)
