"""The order of the data: epochs, seeds, and the way back to a place in them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.errors import ConfigurationError
from tiny_games import batches


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 40), size=st.integers(1, 40), seed=st.integers(0, 9))
def test_an_epoch_shows_every_image_once(count, size, seed):
    size = min(size, count)
    per_epoch = count // size
    source = batches(count, size, seed)
    for _ in range(3):
        seen = torch.cat([next(source).index for _ in range(per_epoch)])
        assert len(seen.unique()) == len(seen) == per_epoch * size  # the rest is dropped
        assert source.place + size > count


def test_images_without_a_label_can_be_left_out():
    source = batches(10, 4, missing=(0, 3))
    seen = torch.cat([next(source).index for _ in range(2)])
    assert sorted(seen.tolist()) == [1, 2, 4, 5, 6, 7, 8, 9]
    with pytest.raises(ConfigurationError, match="digits has 3 training images"):
        batches(5, 4, missing=(0, 3))


def test_epochs_and_seeds_differ_in_order():
    source = batches(40, 40)
    first, second, other = next(source).index, next(source).index, next(batches(40, 40, 1)).index
    assert first.sort().values.tolist() == list(range(40))
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)


def test_images_labels_and_index_belong_together():
    batch = next(batches(30, 7, pixels="unit"))
    assert torch.equal(batch.labels, batch.index)
    assert torch.equal((batch.images[:, 0, 1, 1] * 255).round().long(), batch.index)
    assert batch.images.shape == (7, 1, 2, 2)
    assert batch.images.dtype == torch.float32


def test_a_batch_is_new_memory():
    source = batches(8, 8, pixels="unit")
    next(source).images.zero_()
    assert next(source).images.max() > 0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 9), st.integers(1, 9))
def test_the_place_is_restored_to_the_image_and_the_bit(count, size, before, after):
    size = min(size, count)
    source, other = batches(count, size), batches(count, size, seed=1)
    for _ in range(before):
        next(source)
    state = {name: value.clone() for name, value in source.state().items()}
    expected = [next(source) for _ in range(after)]
    other.restore(state)
    for batch in expected:
        found = next(other)
        assert torch.equal(found.index, batch.index)
        assert torch.equal(found.images, batch.images)
        assert torch.equal(found.labels, batch.labels)


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(ConfigurationError, match=r"batch_size 9 .* digits has 8 training images"):
        batches(8, 9)
