"""Spectral normalisation by one power iteration a forward pass, in float32 whatever the autocast.

PyTorch's own parametrisation iterates inside autocast, which on CUDA lists ``mv`` among the
products that it takes to the low precision (not on the CPU); this one leaves autocast everywhere.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

EPSILON = 1e-12  # sngan_projection, source/functions/max_sv.py


class SpectralNorm(nn.Module):
    """W / sigma(W), with sigma(W) = u^T W v. SN-GAN (Miyato et al. 2018), section 2.1, algorithm 1.

    ``u`` starts as N(0, 1) and moves by one power iteration in every forward pass in train mode;
    in eval mode it stays, and its length does not count: a moving average of networks averages
    their vectors, too.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        matrix = weight.detach().flatten(1)
        u = F.normalize(torch.randn(matrix.shape[0]), dim=0, eps=EPSILON)
        self.register_buffer("u", u)
        self.register_buffer("v", F.normalize(matrix.T @ u, dim=0, eps=EPSILON))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight divided by its largest singular value; same shape."""
        with torch.autocast(weight.device.type, enabled=False):
            matrix = weight.flatten(1)
            if self.training:
                self._iterate(matrix)
            # clones: the backward of an earlier pass must still see the vectors of that pass
            u, v = self.u.clone(), self.v.clone()
            sigma = torch.dot(u, matrix @ v)
            if not self.training:  # moving averages of unit vectors are shorter
                sigma = sigma / (u.norm() * v.norm())
            return weight / sigma

    @torch.no_grad()
    def _iterate(self, matrix: Tensor) -> None:
        moved = _one_operation if torch.compiler.is_compiling() else power_iteration
        u, v = moved(matrix, self.u)
        self.u.copy_(u)
        self.v.copy_(v)


def power_iteration(matrix: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """v <- W^T u / |W^T u|, u <- W v / |W v|; both. Algorithm 1, step 1 of SN-GAN.

    matrix : (rows, columns); u : (rows,).
    """
    v = F.normalize(matrix.T @ u, dim=0, eps=EPSILON)
    return F.normalize(matrix @ v, dim=0, eps=EPSILON), v


# Compiled code may compute a value again in the backward instead of keeping it. Of the iteration it
# would take the vectors that the forward has moved meanwhile (pytorch/pytorch#197039), and the
# gradient would be wrong; a custom operation's values are always kept.
_one_operation = torch.library.custom_op(
    "gan_repro::power_iteration", power_iteration, mutates_args=()
)


@_one_operation.register_fake
def _shapes(matrix: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(u), matrix.new_empty(matrix.shape[1])


def spectral_norm(module: nn.Module) -> nn.Module:
    """The module with a spectrally normalised ``weight``."""
    weight = module.weight
    assert isinstance(weight, Tensor)
    parametrize.register_parametrization(module, "weight", SpectralNorm(weight))
    return module
