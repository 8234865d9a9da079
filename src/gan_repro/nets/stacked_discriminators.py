"""Stacked GAN's discriminators, of images and of features; each recovers the noise, too.

Huang et al. (arXiv 1612.04357), as their code has them (xunhuang1995/SGAN e235644, cifar/ and
mnist/). D_i and Q_i share all but their last layer (section 3.4). In the joint act CIFAR-10's have
more dropout and more noise.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.noise import GaussianNoise
from gan_repro.nets.stacked_generators import Style, small

SLOPE = 0.2


def _active(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE)


class FeatureDiscriminator(nn.Module):
    """D_i and Q_i for features: two hidden layers, then class (or one) logits, and the noise.

    width : of hidden layers: 512 for CIFAR-10, 256 for MNIST.
    """

    def __init__(self, seen: int, outputs: int, noise: int, width: int, style: Style) -> None:
        super().__init__()
        self.cifar = style == "cifar10"
        self.noise = GaussianNoise(0.2)
        self.first = small(nn.Linear(seen, width))
        self.second = small(nn.Linear(width, width))
        self.norm = nn.BatchNorm1d(width, eps=1e-6) if self.cifar else nn.Identity()
        self.judge = small(nn.Linear(width, outputs))
        self.recover = small(nn.Linear(width, noise))

    def forward(self, features: Tensor, joint: bool) -> tuple[Tensor, Tensor]:
        """features (n, ...) -> logits (n, outputs) and recovered noise (n, noise)."""
        x = self.noise(features.flatten(1)) if self.cifar else features.flatten(1)
        later = self.noise if self.cifar and joint else nn.Identity()
        x = later(_active(self.first(x)))
        x = later(_active(self.norm(self.second(x))))
        recovered = self.recover(x)
        return self.judge(x), recovered if self.cifar else torch.sigmoid(recovered.float())


class CifarImageDiscriminator(nn.Module):
    """D_0 and Q_0 of CIFAR-10: convolutions with batch norm; D pools globally, Q does not.

    width : channels of the first two convolutions, 96; the others have twice as many.
    """

    def __init__(self, shape: ImageShape, outputs: int, noise: int, width: int) -> None:
        super().__init__()
        self.noise = GaussianNoise(0.05)
        wide, room = 2 * width, min(shape[1:]) >= 12  # for a convolution without padding
        plan = [(shape.channels, width, 1), (width, width, 2), (width, wide, 1), (wide, wide, 2)]
        self.layers = nn.ModuleList(
            small(nn.Conv2d(a, b, 3, stride, padding=1)) for a, b, stride in plan
        )
        self.layers.append(small(nn.Conv2d(wide, wide, 3, padding=0 if room else 1)))
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(channels, eps=1e-6) for channels in (width, wide, wide, wide)
        )
        self.mix = small(nn.Conv2d(wide, wide, 1))
        self.judge = small(nn.Linear(wide, outputs))
        last = [(side + 3) // 4 - (2 if room else 0) for side in shape[1:]]
        self.recover = small(nn.Linear(wide * last[0] * last[1], noise))

    def forward(self, images: Tensor, joint: bool) -> tuple[Tensor, Tensor]:
        """images (n, c, h, w) -> logits (n, outputs) and recovered noise (n, noise)."""
        dropped = 0.3 if joint else 0.1
        x = _active(self.layers[0](self.noise(images)))
        for i, norm in enumerate(self.norms):
            x = _active(norm(self.layers[i + 1](x)))
            if i in (0, 2):  # after each halving
                x = F.dropout(x, dropped, self.training)
        x = _active(self.mix(x))
        return self.judge(x.mean(dim=(2, 3))), self.recover(x.flatten(1))


class MnistImageDiscriminator(nn.Module):
    """D_0 and Q_0 of MNIST: three 5x5 convolutions that halve, and a dense layer.

    width : channels of the first convolution, 32; the next have twice and four times as many.
    """

    def __init__(self, shape: ImageShape, outputs: int, noise: int, width: int) -> None:
        super().__init__()
        channels = [shape.channels, width, 2 * width, 4 * width]
        self.layers = nn.ModuleList(
            small(nn.Conv2d(a, b, 5, 2, padding=2)) for a, b in pairwise(channels)
        )
        last = [(side + 7) // 8 for side in shape[1:]]
        self.dense = small(nn.Linear(channels[-1] * last[0] * last[1], 8 * width))
        self.judge = small(nn.Linear(8 * width, outputs))
        self.recover = small(nn.Linear(8 * width, noise))

    def forward(self, images: Tensor, joint: bool) -> tuple[Tensor, Tensor]:
        """images (n, c, h, w) -> logits (n, outputs) and recovered noise (n, noise) in (0, 1)."""
        x = images
        for layer in self.layers:
            x = _active(layer(x))
        x = _active(self.dense(x.flatten(1)))
        return self.judge(x), torch.sigmoid(self.recover(x).float())


def image_discriminator(
    shape: ImageShape, outputs: int, noise: int, width: int, style: Style
) -> nn.Module:
    """D_0 and Q_0 of a style."""
    kind = CifarImageDiscriminator if style == "cifar10" else MnistImageDiscriminator
    return kind(shape, outputs, noise, width)
