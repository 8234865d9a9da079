"""Streams are named, independent and pinned, so that old runs can be repeated."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_repro.randomness import numpy_generator, seed_for, torch_generator


def test_seeds_are_pinned():
    """Another value here would change the weights of every run."""
    assert seed_for(0, "weights") == 133_441_691_874_178_746
    assert seed_for(1, "latents") == 5_092_335_530_083_692_098


@given(st.integers(0, 2**31), st.text("abc/_ é", min_size=1, max_size=20))
def test_seeds_have_63_bits_and_follow_from_their_name(seed, stream):
    assert 0 <= seed_for(seed, stream) < 2**63
    assert seed_for(seed, stream) == seed_for(seed, stream)
    assert seed_for(seed, stream) != seed_for(seed + 1, stream) != seed_for(seed, stream + "x")


def test_streams_do_not_overlap():
    names = ("weights", "global", "order", "dequantisation", "latents", "labels")
    seeds = {seed_for(seed, name) for seed in range(100) for name in names}
    assert len(seeds) == 600
    draws = torch.stack(
        [torch.randn(2000, generator=torch_generator(s, n)) for s in (0, 1) for n in names]
    )
    correlations = torch.corrcoef(draws) - torch.eye(len(draws))
    assert correlations.abs().max() < 0.1  # 4.5 standard deviations


def test_generators_are_repeatable_and_leave_the_global_ones_alone():
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, again = (torch.randn(5, generator=torch_generator(3, "latents")) for _ in range(2))
    assert torch.equal(first, again)
    numbers, others = (numpy_generator(3, "noise").random(5) for _ in range(2))
    assert np.array_equal(numbers, others)
    assert not np.array_equal(numbers, numpy_generator(4, "noise").random(5))
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)
