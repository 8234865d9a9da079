"""What follows JGAN's label branch: each reading in closed form, and its gradient."""

import pytest
import torch
import torch.nn.functional as F

from gan_repro.nets.label_outputs import label_output
from tensors import close

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.6, 0.4]])
NOISE = torch.tensor([[0.3, 0.9, 0.5], [0.2, 0.1, 0.99]])


def of(kind: str, temperature: float = 1.0, logits: torch.Tensor = LOGITS) -> torch.Tensor:
    return label_output(kind, logits, NOISE, temperature)


def test_softmax_is_a_distribution_that_temperature_flattens() -> None:
    assert close(of("softmax"), F.softmax(LOGITS, dim=1))
    assert close(of("softmax", 1e6), torch.full((2, 3), 1 / 3))


def test_linear_is_the_layer_itself() -> None:
    assert torch.equal(of("linear", 0.5), LOGITS)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_straight_through_is_one_hot_to_the_bit(temperature: float) -> None:
    expected = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    assert torch.equal(of("straight_through", temperature), expected)


def test_straight_through_has_the_gradient_of_softmax() -> None:
    weights = torch.tensor([1.0, -2.0, 3.0])
    found = []
    for kind in ("straight_through", "softmax"):
        logits = LOGITS.clone().requires_grad_()
        (label_output(kind, logits, NOISE, 1.0) * weights).sum().backward()
        found.append(logits.grad)
    assert close(*found)
    assert found[0].abs().max() > 0.1  # the bug: an argmax that nothing flows through


def test_gumbel_softmax_adds_gumbel_noise() -> None:
    gumbel = -torch.log(-torch.log(NOISE))
    assert close(of("gumbel_softmax", 0.5), F.softmax((LOGITS + gumbel) / 0.5, dim=1))


def test_gumbel_draws_follow_the_distribution() -> None:
    count = 20_000
    noise = torch.rand(count, 3, generator=torch.Generator().manual_seed(0))
    drawn = label_output("gumbel_softmax", LOGITS[:1].expand(count, 3), noise, 0.01)
    shares = F.one_hot(drawn.argmax(dim=1), 3).float().mean(dim=0)
    assert (shares - F.softmax(LOGITS[0], dim=0)).abs().max() < 0.015


def test_noise_at_the_ends_of_its_range_gives_finite_labels() -> None:
    ends = torch.tensor([[0.0, 1.0, 0.5]])
    assert torch.isfinite(label_output("gumbel_softmax", LOGITS[:1], ends, 1.0)).all()
