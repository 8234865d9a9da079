"""What BigGAN's two networks are made of, and what tells its two lineages apart.

BigGAN (Brock et al. 2019, arXiv 1809.11096) has no CIFAR-10 networks of its own. Those in use come
from ajbrock/BigGAN-PyTorch (commit 9845943: BigGAN.py, layers.py, scripts/launch_cifar_ema.sh) and
from POSTECH-CVLab/PyTorch-StudioGAN (commit 947b35e: src/models/big_resnet.py, src/utils/ops.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.nets.spectral_norm import spectral_norm


def normal_02(layer: nn.Module) -> nn.Module:
    """Weights from N(0, 0.02), biases as PyTorch draws them (BigGAN.py, ``--G_init N02``)."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    layer.reset_parameters()
    nn.init.normal_(layer.weight, 0.0, 0.02)
    return layer


def orthogonal(layer: nn.Module) -> nn.Module:
    """Orthogonal weights and zero biases (StudioGAN, src/utils/ops.py, ``init_weights``)."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    nn.init.orthogonal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


@dataclass(frozen=True)
class Lineage:
    """What the two families of BigGAN networks do otherwise.

    initialise : gives a fresh layer its first weights.
    epsilon : of batch norms.
    shared_size : entries of the one class embedding that all batch norms read; 0: each batch norm
        has tables of its own, which are not spectrally normalised.
    hierarchical : whether each generator block reads a part of the latents.
    attention : whether there is self-attention where maps have half the image's side.
    """

    initialise: Callable[[nn.Module], nn.Module]
    epsilon: float
    shared_size: int = 0
    hierarchical: bool = False
    attention: bool = False

    def layer(self, fresh: nn.Module) -> nn.Module:
        """A spectrally normalised layer with the lineage's first weights."""
        return spectral_norm(self.initialise(fresh))

    def plain_norm(self, features: int) -> nn.BatchNorm2d:
        """A batch norm with one scale and one shift for all classes."""
        return nn.BatchNorm2d(features, eps=self.epsilon, momentum=0.1)

    def norm(self, features: int, condition_size: int) -> nn.Module:
        """A batch norm that a condition of that size moves; 0: a plain one."""
        if not condition_size:
            return UnmovedBatchNorm2d(self.plain_norm(features))
        wrap = self.layer if self.shared_size else self.initialise
        return MovedBatchNorm2d(features, condition_size, wrap, self.epsilon)


LineageName = Literal["ajbrock", "studiogan"]
LINEAGES: dict[LineageName, Lineage] = {
    "ajbrock": Lineage(normal_02, 1e-5),
    "studiogan": Lineage(orthogonal, 1e-4, shared_size=128, hierarchical=True, attention=True),
}
"""Their names in settings."""


class MovedBatchNorm2d(nn.Module):
    """(1 + c^T Gain) BN(x) + c^T Shift, without biases (layers.py, ``ccbn``).

    wrap : what becomes of the two fresh linear layers.
    """

    def __init__(
        self, features: int, condition_size: int, wrap: Callable[[nn.Module], nn.Module],
        epsilon: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalise = nn.BatchNorm2d(features, eps=epsilon, momentum=0.1, affine=False)
        self.gain = wrap(nn.Linear(condition_size, features, bias=False))
        self.shift = wrap(nn.Linear(condition_size, features, bias=False))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x : (n, features, h, w); condition : (n, condition_size)."""
        gain, shift = (move(condition)[..., None, None] for move in (self.gain, self.shift))
        return self.normalise(x) * (1.0 + gain) + shift


class UnmovedBatchNorm2d(nn.Module):
    """Batch norm with the signature of the one that moves; the condition is not looked at."""

    def __init__(self, normalise: nn.BatchNorm2d) -> None:
        super().__init__()
        self.normalise = normalise

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """x : (n, features, h, w)."""
        return self.normalise(x)


class SelfAttention(nn.Module):
    """x + gamma o(softmax(theta(x)^T phi(x)) g(x)), with gamma 0 at first.

    SAGAN (Zhang et al. 2019, arXiv 1805.08318), section 3, as both lineages have it: 1x1
    convolutions without bias, theta and phi to an eighth of the width, g to a half; phi and g are
    max-pooled 2x2.

    layer : what becomes of the fresh convolutions.
    """

    def __init__(self, width: int, layer: Callable[[nn.Module], nn.Module]) -> None:
        super().__init__()
        keys, values = max(1, width // 8), max(1, width // 2)
        self.theta = layer(nn.Conv2d(width, keys, 1, bias=False))
        self.phi = layer(nn.Conv2d(width, keys, 1, bias=False))
        self.g = layer(nn.Conv2d(width, values, 1, bias=False))
        self.o = layer(nn.Conv2d(values, width, 1, bias=False))
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h, w) -> the same; h and w even."""
        theta = self.theta(x).flatten(2)
        phi = F.max_pool2d(self.phi(x), 2).flatten(2)
        g = F.max_pool2d(self.g(x), 2).flatten(2)
        weights = (theta.transpose(1, 2) @ phi).float().softmax(dim=2)  # (n, hw, hw / 4)
        read = (g @ weights.transpose(1, 2).to(g.dtype)).unflatten(2, x.shape[2:])
        return x + self.gamma * self.o(read)
