"""Losses against closed forms, always by absolute difference."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.losses import class_cross_entropy, hinge_fake, hinge_generator, hinge_real

SCORES = torch.tensor([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])


def close(found: torch.Tensor, expected: float, tolerance: float = 1e-6) -> bool:
    return bool(abs(found.item() - expected) <= tolerance)


def test_a_comparison_without_abs_would_let_a_small_loss_pass():
    too_small = torch.tensor(-5.0)
    assert too_small - 1.0 <= 1e-6  # the bug
    assert not close(too_small, 1.0)
    assert not close(torch.tensor(math.nan), 1.0)


def test_hinge_losses_have_their_closed_forms():
    assert close(hinge_real(SCORES), (3 + 2 + 1.5 + 1 + 0.5 + 0 + 0) / 7)
    assert close(hinge_fake(SCORES), (0 + 0 + 0.5 + 1 + 1.5 + 2 + 4) / 7)
    assert close(hinge_generator(SCORES), -1 / 7)


finite = st.floats(-50, 50, width=32)


@settings(max_examples=50, deadline=None)
@given(st.lists(finite, min_size=1, max_size=20))
def test_hinge_losses_agree_with_their_definitions(values):
    scores = torch.tensor(values)
    count = len(values)
    assert close(hinge_real(scores), sum(max(0.0, 1 - v) for v in values) / count, 1e-4)
    assert close(hinge_fake(scores), sum(max(0.0, 1 + v) for v in values) / count, 1e-4)
    assert close(hinge_generator(scores), -sum(values) / count, 1e-4)
    assert torch.equal(hinge_fake(scores), hinge_real(-scores))


def test_hinge_gradients_stop_at_the_margin():
    scores = torch.tensor([-2.0, 0.5, 1.5], requires_grad=True)
    (real,) = torch.autograd.grad(hinge_real(scores), scores)
    (fake,) = torch.autograd.grad(hinge_fake(scores), scores)
    (generator,) = torch.autograd.grad(hinge_generator(scores), scores)
    third = 1 / 3
    for found, expected in (
        (real, [-third, -third, 0]),
        (fake, [0, third, third]),
        (generator, [-third, -third, -third]),
    ):
        assert (found - torch.tensor(expected)).abs().max() < 1e-6


def test_cross_entropy_of_even_logits_is_the_logarithm_of_the_classes():
    rows = torch.eye(10)
    assert close(class_cross_entropy(torch.zeros(10, 10), rows), math.log(10))
    assert close(
        class_cross_entropy(torch.full((3, 4), 7.0), torch.full((3, 4), 0.25)), math.log(4)
    )


def test_cross_entropy_of_soft_labels_has_its_closed_form():
    logits, target = torch.tensor([[0.0, math.log(3.0)]]), torch.tensor([[0.2, 0.8]])
    expected = -(0.2 * math.log(1 / 4) + 0.8 * math.log(3 / 4))
    assert close(class_cross_entropy(logits, target), expected)


def test_rows_without_a_label_do_not_count():
    logits = torch.tensor([[0.0, 1.0], [5.0, -5.0], [2.0, 0.0]])
    rows = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    given_rows = class_cross_entropy(logits[[0, 2]], rows[[0, 2]])
    assert close(class_cross_entropy(logits, rows), given_rows.item())
    assert close(class_cross_entropy(logits, torch.zeros(3, 2)), 0.0)
    wrong = class_cross_entropy(logits, torch.eye(2)[[0, 0, 1]])  # all missing labels silently 0
    assert not close(wrong, given_rows.item(), 1e-2)


@pytest.mark.parametrize("loss", [hinge_real, hinge_fake, hinge_generator])
def test_losses_are_computed_in_float32(loss):
    assert loss(SCORES.bfloat16()).dtype == torch.float32
    assert close(loss(SCORES.bfloat16()), loss(SCORES).item())
