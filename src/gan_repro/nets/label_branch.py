"""JGAN's label branch on a ResNet generator (arXiv 1905.11574, Tables 5 and 6)."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.conditioning import batch_norm
from gan_repro.nets.resnet import Generator, glorot


class LabelBranch(nn.Module):
    """JGAN Tables 5 and 6: conv 7x7 stride 4, then (BN, ReLU, dropout, dense) several times.

    hidden_layers : dense layers of ``hidden`` units before the last: 2 in Table 5, 3 in Table 6.
    Dropout stands at the input of every dense layer (section 3 names the rate, not the place).
    """

    def __init__(
        self, shape: ImageShape, width: int, hidden: int, hidden_layers: int, outputs: int,
        dropout: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = glorot(nn.Conv2d(width, width, 7, stride=4))
        self.norm = batch_norm(width)
        rows, columns = math.ceil(shape.height / 4), math.ceil(shape.width / 4)
        sizes = [width * rows * columns, *[hidden] * hidden_layers, outputs]
        layers: list[nn.Module] = [nn.Dropout(dropout), glorot(nn.Linear(sizes[0], sizes[1]))]
        for inputs, size in pairwise(sizes[1:]):
            norm = nn.BatchNorm1d(inputs, eps=2e-5)
            layers += [norm, nn.ReLU(), nn.Dropout(dropout), glorot(nn.Linear(inputs, size))]
        self.dense = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        """features : (n, width, h, w) -> logits (n, outputs)."""
        x = F.relu(self.norm(self.conv(_pad_same(features, size=7, stride=4))))
        return self.dense(x.flatten(1)).float()


def _pad_same(x: Tensor, size: int, stride: int) -> Tensor:
    """TensorFlow's SAME padding: ceil(side / stride) outputs, the odd row or column at the end."""

    def pads(side: int) -> tuple[int, int]:
        total = max((math.ceil(side / stride) - 1) * stride + size - side, 0)
        return total // 2, total - total // 2

    return F.pad(x, (*pads(x.shape[3]), *pads(x.shape[2])))


class JointGenerator(nn.Module):
    """A generator and a label branch on its last feature map: one latent gives image and label."""

    def __init__(self, image: Generator, label: LabelBranch) -> None:
        super().__init__()
        self.image = image
        self.label = label

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """latents : (n, input_size) -> images in [-1, 1] and label logits (n, label size).

        labels : rows that condition the image's generator, where it has a ``label_size``.
        """
        features = self.image.features(latents, labels)
        return torch.tanh(self.image.to_image(features).float()), self.label(features)
