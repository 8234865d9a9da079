"""A small convolutional autoencoder of images of any size from 8 x 8 up."""

import math
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_repro.images import ImageShape

ENCODER = "encoder."
"""How the names of the encoder's weights start among the autoencoder's."""


def halved(side: int) -> int:
    """A side after a convolution with stride 2: half, rounded up."""
    return (side + 1) // 2


class Encoder(nn.Module):
    """Two 3x3 convolutions with stride 2, and a dense layer whose outputs are the code.

    The code is linear, as in Hinton and Salakhutdinov 2006.

    places : height times width of what the convolutions leave, a quarter of each side.
    """

    def __init__(self, channels: int, places: int, code_size: int, width: int = 32):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
            for inputs, outputs in ((channels, width), (width, 2 * width))
        )
        self.code = nn.Linear(2 * width * places, code_size)

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor]) -> Self:
        """The encoder of the autoencoder that these weights fit, with them."""
        own = {k.removeprefix(ENCODER): v for k, v in weights.items() if k.startswith(ENCODER)}
        width, channels = own["convs.0.weight"].shape[:2]
        code_size, inputs = own["code.weight"].shape
        encoder = cls(channels, inputs // (2 * width), code_size, width)
        encoder.load_state_dict(own)
        return encoder

    def forward(self, images: Tensor) -> Tensor:
        """Codes (n, code_size) of images (n, channels, h, w) in [-1, 1]."""
        hidden = images
        for conv in self.convs:
            hidden = F.relu(conv(hidden))
        return self.code(hidden.flatten(1))


class Decoder(nn.Module):
    """The encoder's mirror: a dense layer, and two convolutions that double, to the very sizes."""

    def __init__(self, shape: ImageShape, code_size: int, width: int = 32):
        super().__init__()
        whole = (shape.height, shape.width)
        half = (halved(shape.height), halved(shape.width))
        quarter = (halved(half[0]), halved(half[1]))
        self.bottom = (2 * width, *quarter)
        self.sizes = (half, whole)
        self.dense = nn.Linear(code_size, math.prod(self.bottom))
        self.hidden = nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1)
        self.to_image = nn.ConvTranspose2d(width, shape.channels, 3, stride=2, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Images (n, channels, h, w) in [-1, 1] of codes (n, code_size)."""
        hidden = F.relu(self.dense(codes)).unflatten(1, self.bottom)
        hidden = F.relu(self.hidden(hidden, output_size=self.sizes[0]))
        return torch.tanh(self.to_image(hidden, output_size=self.sizes[1]).float())


class Autoencoder(nn.Module):
    """An encoder and a decoder.

    width : channels of the first convolution; the second has twice as many.
    """

    def __init__(self, shape: ImageShape, code_size: int, width: int = 32):
        super().__init__()
        places = math.prod(halved(halved(side)) for side in (shape.height, shape.width))
        self.encoder = Encoder(shape.channels, places, code_size, width)
        self.decoder = Decoder(shape, code_size, width)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Codes (n, code_size) of images (n, channels, h, w) in [-1, 1], and their images again."""
        codes = self.encoder(images)
        return codes, self.decoder(codes)
