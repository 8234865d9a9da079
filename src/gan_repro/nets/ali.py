"""ALI's encoder, decoder and joint discriminator, for any image size and number of channels.

Dumoulin et al. 2017 (arXiv 1606.00704), the CIFAR-10 table of appendix A; what it leaves open
follows IshmaelBelghazi/ALI, experiments/ali_cifar10.py. No padding anywhere: a 32 x 32 image ends
in one place. The width w is the channels of the first convolution, 32 in the table.
"""

from itertools import chain, cycle
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_repro.images import ImageShape

SLOPE = 0.1  # Leaky ReLU slope
PIECES = 2  # maxout pieces
DEVIATION = 0.01  # weight initialisation; biases are 0
INPUT_DROPOUT, DROPOUT = 0.2, 0.5  # before the first convolution of D(x) and D(z); before the rest


class Stage(NamedTuple):
    """A convolution on the way down from an image; the decoder's transposed one is its mirror.

    left : rows and columns at the end that the stride does not reach.
    """

    kernel: tuple[int, int]
    stride: int
    channels: int
    left: tuple[int, int]


def stages(shape: ImageShape, width: int) -> list[Stage]:
    """5x5, then 4x4 with stride 2 and 4x4 in turn, and last a kernel as large as what is left.

    At 32 pixels that is the table: maps of 28, 13, 10, 4 and 1. Other sizes (ours) get as many
    stages as they have room for, with channels that double up to the table's last, 16 w.
    """
    found: list[Stage] = []
    height, columns, channels = shape.height, shape.width, width
    pattern = chain([(5, 1)], cycle([(4, 2), (4, 1)]))
    while True:
        size, stride = next(pattern)
        after = ((height - size) // stride + 1, (columns - size) // stride + 1)
        if min(after) < 2:
            return [*found, Stage((height, columns), 1, 16 * width, (0, 0))]
        left = ((height - size) % stride, (columns - size) % stride)
        found.append(Stage((size, size), stride, channels, left))
        (height, columns), channels = after, min(2 * channels, 16 * width)


def initialise(network: nn.Module) -> None:
    """Weights N(0, .01), biases 0; batch norms stay at scale 1 and shift 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, DEVIATION)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def normed(layer: nn.Module, channels: int) -> list[nn.Module]:
    """The layer, batch norm (Blocks' epsilon 1e-4; running decay .95, bn_updates), LeakyReLU."""
    return [layer, nn.BatchNorm2d(channels, eps=1e-4, momentum=0.05), nn.LeakyReLU(SLOPE)]


class Encoder(nn.Module):
    """G_z: an image's code, mu(x) + sigma(x) noise; the last layer gives mu and log sigma."""

    def __init__(self, shape: ImageShape, latent_size: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = shape.channels
        for kernel, stride, outputs, _ in stages(shape, width):
            layers += normed(nn.Conv2d(inputs, outputs, kernel, stride, bias=False), outputs)
            inputs = outputs
        layers += normed(nn.Conv2d(inputs, inputs, 1, bias=False), inputs)
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, 2 * latent_size, 1))
        initialise(self)

    def forward(self, images: Tensor, noise: Tensor) -> Tensor:
        """images : (n, channels, h, w); noise : N(0, I), (n, latent_size) -> codes like noise."""
        mean, log_deviation = self.layers(images).float().flatten(1).chunk(2, dim=1)
        return mean + log_deviation.exp() * noise


class Decoder(nn.Module):
    """G_x: the encoder's stages mirrored, a 1x1 convolution, and a sigmoid stretched to [-1, 1].

    One bias a pixel (``tied_biases = False``). In the code it starts at the mean image's log odds;
    here at 0, as the table has it.
    """

    def __init__(self, shape: ImageShape, latent_size: int, width: int) -> None:
        super().__init__()
        down = stages(shape, width)
        sizes = [*(stage.channels for stage in reversed(down[:-1])), width]
        layers: list[nn.Module] = []
        inputs = latent_size
        for (kernel, stride, _, left), outputs in zip(reversed(down), sizes, strict=True):
            up = nn.ConvTranspose2d(
                inputs, outputs, kernel, stride, output_padding=left, bias=False
            )
            layers += normed(up, outputs)
            inputs = outputs
        layers += normed(nn.Conv2d(width, width, 1, bias=False), width)
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, shape.channels, 1, bias=False))
        self.bias = nn.Parameter(torch.zeros(*shape))
        initialise(self)

    def forward(self, latents: Tensor) -> Tensor:
        """latents : (n, latent_size) -> images (n, channels, h, w) in [-1, 1]."""
        x = self.layers(latents[:, :, None, None]) + self.bias
        return 2 * torch.sigmoid(x.float()) - 1


class Maxout(nn.Module):
    """The larger of each two channels that stand side by side: half as many come out."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, ...) -> (n, channels / 2, ...)."""
        return x.unflatten(1, (-1, PIECES)).amax(dim=2)


def maxed(layer: nn.Module, dropout: float) -> list[nn.Module]:
    """Dropout on what the layer sees, the layer, maxout."""
    return [nn.Dropout(dropout), layer, Maxout()]


class Discriminator(nn.Module):
    """D(x, z): features of the image and of the code, side by side, and what is made of both.

    Its inputs and hidden layers lose a part to dropout, and there is no batch norm. Layers on one
    place are written as dense ones. Only D(x)'s first layer and D(x, z)'s have biases.
    """

    def __init__(self, shape: ImageShape, latent_size: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = shape.channels
        for kernel, stride, outputs, _ in stages(shape, width):
            convolution = nn.Conv2d(inputs, outputs, kernel, stride, bias=not layers)
            layers += maxed(convolution, DROPOUT if layers else INPUT_DROPOUT)
            inputs = outputs // PIECES
        self.image = nn.Sequential(*layers, nn.Flatten())
        wide = 16 * width  # 512; maxout halves it
        self.code = nn.Sequential(
            *maxed(nn.Linear(latent_size, wide, bias=False), INPUT_DROPOUT),
            *maxed(nn.Linear(wide // PIECES, wide, bias=False), DROPOUT),
        )
        self.joint = nn.Sequential(
            *maxed(nn.Linear(2 * wide // PIECES, 2 * wide), DROPOUT),
            *maxed(nn.Linear(2 * wide // PIECES, 2 * wide), DROPOUT),
            *[nn.Dropout(DROPOUT), nn.Linear(2 * wide // PIECES, 1)],
        )
        initialise(self)

    def forward(self, images: Tensor, codes: Tensor) -> Tensor:
        """images : (n, channels, h, w); codes : (n, latent_size) -> scores (n,)."""
        features = torch.cat([self.image(images), self.code(codes)], dim=1)
        return self.joint(features).squeeze(1)
