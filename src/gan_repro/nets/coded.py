"""Conditions as numbers beside the latents of a generator, and as channels beside an image."""

import torch
from torch import Tensor, nn

LARGEST = 8.0
"""Standardised numbers of a batch of 64 are at most sqrt(63) = 7.94; so are all, then."""


class Standardise(nn.BatchNorm1d):
    """Codes whose coordinates have mean 0 and deviation 1 over batches, and over data in inference.

    Features of an untrained network are some thousandths wide, latents are N(0, 1): as they are,
    no code would be heard. Batch norm without scale and shift makes them equally loud; once trained
    it is a fixed map, so that an image depends on its own code alone. A coordinate that is rarely
    active has next to no variance, and would be thousands wide where it is: hence ``LARGEST``.
    Ours: the paper says nothing of codes' scale (Durall et al., arXiv 2012.08803, section 3.3).
    """

    def __init__(self, code_size: int) -> None:
        # a cumulative mean: a coordinate may sleep for longer than a moving average remembers
        super().__init__(code_size, eps=1e-12, momentum=None, affine=False)

    @torch.compiler.disable  # the mean reads its counter, a number that each pass changes
    def forward(self, codes: Tensor) -> Tensor:
        """codes : (n, code_size), of any scale."""
        return super().forward(codes.float()).clamp(-LARGEST, LARGEST)


class CodedGenerator(nn.Module):
    """G([z, f']): a generator of [latents, code]; ``standardised`` says whether the code is."""

    def __init__(self, generator: nn.Module, code_size: int, standardised: bool = True) -> None:
        super().__init__()
        self.generator = generator
        self.standardise = Standardise(code_size) if standardised else nn.Identity()

    def forward(self, latents: Tensor, codes: Tensor) -> Tensor:
        """latents : (n, latent_size); codes : (n, code_size) -> images in [-1, 1]."""
        inputs = torch.cat([latents, self.standardise(codes)], dim=1)
        images: Tensor = self.generator(inputs)
        return images


class ChannelDiscriminator(nn.Module):
    """D(x | y): a discriminator of images with one constant channel for each number of y.

    sees : how many numbers y has; 0 where the image is judged alone.
    """

    def __init__(self, discriminator: nn.Module, sees: int, standardised: bool = False) -> None:
        super().__init__()
        self.discriminator, self.sees = discriminator, sees
        self.standardise = Standardise(sees) if sees and standardised else nn.Identity()

    def forward(self, images: Tensor, rows: Tensor) -> Tensor:
        """images : (n, c, h, w); rows : (n, k) -> scores (n,)."""
        seen = images
        if self.sees:
            numbers = self.standardise(rows).to(images.dtype)
            maps = numbers[:, :, None, None].expand(-1, -1, *images.shape[2:])
            seen = torch.cat([images, maps], dim=1)
        scores: Tensor = self.discriminator(seen)
        return scores
