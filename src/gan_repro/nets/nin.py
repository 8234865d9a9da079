"""The network in network that RotNet trains on small images.

Gidaris et al. 2018 (arXiv 1803.07728), CIFAR experiments, and their code, FeatureLearningRotNet
architectures/NetworkInNetwork.py, with four stages and no pooling after the third.
"""

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn


def channels_of(width: int) -> tuple[int, int, int]:
    """Channels of the first block's convolutions: 192, 160, 96 in the paper, else in proportion."""
    return width, max(1, width * 5 // 6), max(1, width // 2)


def block(inputs: int, kernel: int, outputs: tuple[int, int, int]) -> nn.Sequential:
    """A k x k convolution and two of 1 x 1, each with batch norm and ReLU; the size stays."""
    layers: list[nn.Module] = []
    for size, before, after in zip((kernel, 1, 1), (inputs, *outputs[:2]), outputs, strict=True):
        layers.append(_convolution(before, after, size))
        layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    # N(0, 2 / (k^2 outputs)): weight_initialization of the code
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution


class NetworkInNetwork(nn.Module):
    """Four blocks, global average pooling, and a dense layer; images of any size.

    width : 192 in the paper.
    lower : the first two blocks, each with its pooling by 2, whose features RotNet passes on.
    """

    def __init__(self, channels: int, classes: int, width: int = 192):
        super().__init__()
        first, same = channels_of(width), (width, width, width)
        self.lower = nn.Sequential(
            block(channels, 5, first),
            nn.MaxPool2d(3, stride=2, padding=1),
            block(first[-1], 5, same),
            nn.AvgPool2d(3, stride=2, padding=1),
        )
        self.upper = nn.Sequential(block(width, 3, same), block(width, 3, same))
        self.head = nn.Linear(width, classes)
        nn.init.zeros_(self.head.bias)

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor]) -> Self:
        """The network that these weights fit, with them."""
        width, channels = weights["lower.0.0.weight"].shape[:2]
        network = cls(channels, len(weights["head.bias"]), width)
        network.load_state_dict(weights)
        return network

    def encoder(self) -> nn.Module:
        """Images (n, channels, h, w) -> features (n, width): the lower blocks, averaged."""
        return nn.Sequential(self.lower, nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, channels, h, w) in [-1, 1]."""
        return self.head(self.upper(self.lower(images)).mean(dim=(2, 3)))
