"""ResNet-18 (He et al. 2016), with torchvision's blocks and names of weights."""

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

LARGE = 64
"""Sides from which on the stem divides them by four, as for ImageNet."""


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    if stride == 1:
        return nn.Sequential(BasicBlock(inputs, outputs), BasicBlock(outputs, outputs))
    shorter = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
    beside = nn.Sequential(shorter, nn.BatchNorm2d(outputs))
    return nn.Sequential(BasicBlock(inputs, outputs, stride, beside), BasicBlock(outputs, outputs))


class ResNet18(nn.Module):
    """Four stages of two blocks, global average pooling, and a dense layer.

    width : channels of the first stage, 64 in the paper; the pooled features are 8 times as many.
    large : torchvision's stem, a 7x7 convolution with stride 2 and a max-pooling with stride 2.
        Else a 3x3 convolution that keeps the size, He et al.'s stem for CIFAR-10 (section 4.2).
    """

    def __init__(self, channels: int, classes: int, width: int = 64, large: bool = True):
        super().__init__()
        kernel, stride = (7, 2) if large else (3, 1)
        self.conv1 = nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if large else nn.Identity()
        self.layer1 = _stage(width, width, 1)
        self.layer2 = _stage(width, 2 * width, 2)
        self.layer3 = _stage(2 * width, 4 * width, 2)
        self.layer4 = _stage(4 * width, 8 * width, 2)
        self.fc = nn.Linear(8 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # as torchvision's
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor]) -> Self:
        """The network that these weights fit, with them."""
        width, channels, kernel, _ = weights["conv1.weight"].shape
        network = cls(channels, len(weights["fc.bias"]), width, kernel == 7)
        network.load_state_dict(weights)
        return network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (n, 8 width) and logits (n, classes) of images (n, channels, h, w)."""
        hidden = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            hidden = stage(hidden)
        pooled = hidden.mean(dim=(2, 3))
        return pooled, self.fc(pooled)
