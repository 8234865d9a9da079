"""How labels enter a network: as vectors, so that hard, soft and missing labels are one case."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def label_vectors(labels: Tensor, classes: int) -> Tensor:
    """Labels as float rows (n, classes): one-hot for hard labels, zeros for missing ones (-1).

    labels : int64 (n,) in [-1, classes), or float (n, classes), which is returned as it is.
    """
    if labels.ndim == 2:
        return labels
    rows = F.one_hot(labels.clamp(min=0), classes).float()
    return rows * labels.ge(0).unsqueeze(1)


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm whose scale and shift are the label's own: l^T Gamma and l^T Beta.

    Dumoulin et al. 2017; gamma starts at 1 and beta at 0, eps 2e-5, running decay 0.9
    (sngan_projection, source/links/categorical_conditional_batch_normalization.py).
    A soft label mixes the rows.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.normalise = batch_norm(features, affine=False)
        self.scale = nn.Parameter(torch.ones(classes, features))
        self.shift = nn.Parameter(torch.zeros(classes, features))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """x : (n, features, h, w); labels : (n, classes) rows."""
        scale = (labels @ self.scale).unsqueeze(-1).unsqueeze(-1)
        shift = (labels @ self.shift).unsqueeze(-1).unsqueeze(-1)
        return self.normalise(x) * scale + shift


class PlainBatchNorm2d(nn.Module):
    """Batch norm with the conditional one's signature; the label is not looked at."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.normalise = batch_norm(features, affine=True)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """x : (n, features, h, w)."""
        return self.normalise(x)


def batch_norm(features: int, affine: bool = True) -> nn.BatchNorm2d:
    """Chainer's defaults, in which SN-GAN was trained: eps 2e-5, running decay 0.9."""
    return nn.BatchNorm2d(features, eps=2e-5, momentum=0.1, affine=affine)
