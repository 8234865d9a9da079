"""Minibatch discrimination: a discriminator sees how close the images of a batch are.

Salimans et al. 2016, section 3.2; openai/improved-gan, nn.py, MinibatchLayer.
"""

from typing import cast

import torch
from torch import Tensor, nn


class MinibatchDiscrimination(nn.Module):
    """[h_i, o_i] with o_ik = sum over j != i of exp(-|T_k h_i - T_k h_j|_1) + b_k.

    kernels : how many T_k there are; each gives ``size`` numbers (``dim_per_kernel``). Their rows
        have a norm of their own, exp(log_scale), as in weight normalisation.
    """

    def __init__(self, inputs: int, kernels: int, size: int = 5) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.05 * torch.randn(inputs, kernels, size))  # theta
        self.log_scale = nn.Parameter(torch.zeros(kernels, size))
        self.shift = nn.Parameter(torch.full((kernels,), -1.0))

    def distances(self, features: Tensor) -> Tensor:
        """features : (n, inputs) -> float32 (n, n, kernels), infinite from an image to itself."""
        with torch.autocast(features.device.type, enabled=False):
            rows = self.weight * (self.log_scale.exp() / self.weight.norm(dim=0))
            seen = torch.einsum("ni,iks->kns", features.float(), rows)
            apart = torch.cdist(seen, seen, p=1.0).permute(1, 2, 0)
        itself = torch.eye(len(features), dtype=torch.bool, device=features.device)
        return apart.masked_fill(itself[..., None], torch.inf)

    def forward(self, features: Tensor) -> Tensor:
        """features : (n, inputs) -> (n, inputs + kernels)."""
        closeness = torch.exp(-self.distances(features)).sum(dim=1)
        return torch.cat([features.float(), closeness + self.shift], dim=1)

    @torch.no_grad()
    def initialise(self, features: Tensor) -> Tensor:
        """Set scales so that nearest neighbours of this batch are 2 apart, and o has mean 0."""
        apart = self.distances(features)
        half = 0.5 * apart.min(dim=1).values.mean(dim=0)
        self.log_scale.sub_(half.log()[:, None])
        self.shift.copy_(-torch.exp(-apart / half).sum(dim=1).mean(dim=0))
        return cast(Tensor, self(features))
