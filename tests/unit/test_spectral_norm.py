"""Spectral normalisation: it converges to the largest singular value, one step a forward."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gan_repro.nets.spectral_norm import SpectralNorm, spectral_norm


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def layers() -> list[nn.Module]:
    return [nn.Linear(12, 7), nn.Linear(9, 1, bias=False), nn.Conv2d(3, 8, 3), nn.Conv2d(4, 5, 1)]


@pytest.mark.parametrize("place", range(4))
def test_sigma_converges_to_the_largest_singular_value(place):
    layer = layers()[place]
    largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2)
    plain = layer.weight.detach().clone()
    spectral_norm(layer).train()
    for _ in range(300):
        normalised = layer.weight
    assert abs(torch.linalg.matrix_norm(normalised.flatten(1), ord=2) - 1) < 1e-5
    assert (normalised * largest - plain).abs().max() < 1e-5


def vectors(layer: nn.Module) -> tuple[Tensor, Tensor]:
    (norm,) = layer.parametrizations.weight
    return norm.u.clone(), norm.v.clone()


def test_a_forward_in_train_mode_iterates_once():
    layer = spectral_norm(nn.Linear(12, 7)).train()
    matrix = layer.parametrizations.weight.original.detach()
    u, _ = vectors(layer)
    layer(torch.randn(2, 12))
    v = F.normalize(matrix.T @ u, dim=0)
    u = F.normalize(matrix @ v, dim=0)
    assert all(torch.equal(a, b) for a, b in zip(vectors(layer), (u, v), strict=True))
    layer(torch.randn(2, 12))
    assert not torch.equal(vectors(layer)[0], u)


def test_a_forward_in_eval_mode_iterates_not_at_all():
    layer = spectral_norm(nn.Linear(12, 7)).eval()
    before = vectors(layer)
    first, second = layer.weight, layer.weight
    assert all(torch.equal(a, b) for a, b in zip(vectors(layer), before, strict=True))
    assert torch.equal(first, second)


def test_moving_averages_of_the_vectors_need_not_have_length_1():
    layer = spectral_norm(nn.Linear(12, 7)).train()
    for _ in range(300):
        layer(torch.randn(2, 12))
    exact = layer.eval().weight
    (norm,) = layer.parametrizations.weight
    norm.u.mul_(0.9)  # what is left of vectors that turned
    norm.v.mul_(0.8)
    assert (layer.weight - exact).abs().max() < 1e-6


def test_the_gradient_passes_through_sigma_with_its_vectors_held():
    """dL/dW = (G - <G, W/sigma> u v^T) / sigma. SN-GAN (Miyato et al. 2018), eq. 12."""
    layer = spectral_norm(nn.Linear(5, 4)).eval()
    original = layer.parametrizations.weight.original
    u, v = vectors(layer)
    gradient = torch.randn(4, 5)
    (layer.weight * gradient).sum().backward()
    sigma = u @ original @ v
    inner = (gradient * original / sigma).sum()
    expected = (gradient - inner * torch.outer(u, v)) / sigma
    assert (original.grad - expected).abs().max() < 1e-5
    assert (original.grad - gradient / sigma).abs().max() > 1e-3  # the bug: sigma detached


class WithoutClones(SpectralNorm):
    """The bug: the second forward moves the vectors that the first one's backward needs."""

    def forward(self, weight: Tensor) -> Tensor:
        if self.training:
            self._iterate(weight.flatten(1))
        return weight / torch.dot(self.u, weight.flatten(1) @ self.v)


def test_two_forwards_may_come_before_one_backward():
    x = torch.randn(2, 12)
    right, wrong = spectral_norm(nn.Linear(12, 7)), nn.Linear(12, 7)
    parametrize.register_parametrization(wrong, "weight", WithoutClones(wrong.weight))
    (right(x).sum() - right(x).square().sum()).backward()
    assert torch.isfinite(right.parametrizations.weight.original.grad).all()
    loss = wrong(x).sum() - wrong(x).square().sum()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


class InAutocast(SpectralNorm):
    """The bug: under autocast the products are bfloat16's."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight / torch.dot(self.u, (weight.flatten(1) @ self.v).float())


def test_autocast_does_not_blunt_the_norm():
    layer = spectral_norm(nn.Linear(64, 64)).train()
    for _ in range(50):
        layer(torch.randn(1, 64))
    layer.eval()
    exact = layer.weight
    (norm,) = layer.parametrizations.weight
    wrong = InAutocast(exact)
    wrong.load_state_dict(norm.state_dict())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside, blunt = layer.weight, wrong(layer.parametrizations.weight.original)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, exact)
    assert (blunt / exact - 1).abs().max() > 1e-4
