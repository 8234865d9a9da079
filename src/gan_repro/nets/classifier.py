"""A small convolutional classifier of images of any size from 8 x 8 up."""

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Classifier(nn.Module):
    """Five 3x3 convolutions, two with stride 2, global average pooling, and a dense layer.

    width : channels of the first two convolutions; the pooled features are four times as many.
    """

    def __init__(self, channels: int, classes: int, width: int = 32):
        super().__init__()
        self.stages = nn.Sequential(
            _stage(channels, width, 1),
            _stage(width, width, 2),
            _stage(width, 2 * width, 1),
            _stage(2 * width, 2 * width, 2),
            _stage(2 * width, 4 * width, 1),
        )
        self.head = nn.Linear(4 * width, classes)

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor]) -> Self:
        """The network that these weights fit, with them."""
        width, channels = weights["stages.0.0.weight"].shape[:2]
        network = cls(channels, len(weights["head.bias"]), width)
        network.load_state_dict(weights)
        return network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (n, 4 width) and logits (n, classes) of images (n, channels, h, w)."""
        pooled = self.stages(images).mean(dim=(2, 3))
        return pooled, self.head(pooled)
