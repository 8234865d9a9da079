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


class ClassTree(nn.Module):
    """Classes that split in two; each is a row of 0 and 1 over the splits that made it.

    There is one class at first. With a row as its label, conditional batch norm's scale and shift
    are sums down the tree: gamma = row @ scale, beta = row @ shift. Both halves of a class gain a
    column of their own, which is 0 until it is trained, so that both start equal to the whole.
    Class-splitting GAN (CIFASIS/splitting_gan 292fac0, gan_cifar_resnet_kmeans.py, recalc_labels,
    ``tree_array``; tflib/ops/cond_batchnorm.py, BatchnormB).

    membership : bool (size, size), the rows; classes : int64 (), how many of them are in use.
    """

    membership: Tensor
    classes: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("membership", torch.zeros(size, size, dtype=torch.bool))
        self.register_buffer("classes", torch.tensor(1))
        self.membership[0, 0] = True

    def forward(self, labels: Tensor) -> Tensor:
        """labels : int64 (n,) in [0, classes) -> float rows (n, size)."""
        return self.membership[labels].float()

    def split(self, parent: int) -> int:
        """Halve a class: one half keeps its number, the other gets the number returned."""
        child = int(self.classes)
        column = 2 * child - 1  # each of the child - 1 splits so far has taken two
        self.membership[child] = self.membership[parent]
        self.membership[child, column] = True
        self.membership[parent, column + 1] = True
        self.classes += 1
        return child

    def masked(self, logits: Tensor) -> Tensor:
        """logits : (n, size) -> float32, with the lowest number in the columns not in use."""
        unused = torch.arange(logits.shape[1], device=logits.device) >= self.classes
        return logits.float().masked_fill(unused, torch.finfo(torch.float32).min)


def scale_the_first_class_alone(network: nn.Module) -> None:
    """Set every conditional batch norm's scale to 1 for the class 0 and to 0 for all others."""
    for module in network.modules():
        if isinstance(module, ConditionalBatchNorm2d):
            nn.init.zeros_(module.scale[1:])


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
