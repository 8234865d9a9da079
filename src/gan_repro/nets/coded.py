"""Conditions as numbers beside the latents of a generator, and as channels beside an image."""

import torch
from torch import Tensor, nn


class CodedGenerator(nn.Module):
    """G([z, f']): a generator of [latents, code].

    standardised : the code's coordinates are, over batches. Features of an untrained network are
        some thousandths wide, latents are N(0, 1): as they are, no code would be heard. Batch norm
        without scale and shift makes them equally loud; once trained, it is a fixed affine map, so
        that an image depends on its own code alone. Ours: the paper attaches codes to latents
        without a word on their scale (Durall et al., arXiv 2012.08803, section 3.3).
    """

    def __init__(self, generator: nn.Module, code_size: int, standardised: bool = True) -> None:
        super().__init__()
        self.generator = generator
        norm = nn.BatchNorm1d(code_size, eps=1e-12, affine=False)
        self.standardise = norm if standardised else nn.Identity()

    def forward(self, latents: Tensor, codes: Tensor) -> Tensor:
        """latents : (n, latent_size); codes : (n, code_size) -> images in [-1, 1]."""
        inputs = torch.cat([latents, self.standardise(codes.float())], dim=1)
        images: Tensor = self.generator(inputs)
        return images


class ChannelDiscriminator(nn.Module):
    """D(x | y): a discriminator of images with one constant channel for each number of y.

    sees : whether it is given y; if not, it judges the image alone.
    """

    def __init__(self, discriminator: nn.Module, sees: bool) -> None:
        super().__init__()
        self.discriminator, self.sees = discriminator, sees

    def forward(self, images: Tensor, rows: Tensor) -> Tensor:
        """images : (n, c, h, w); rows : (n, k) -> scores (n,)."""
        seen = images
        if self.sees:
            maps = rows.to(images.dtype)[:, :, None, None].expand(-1, -1, *images.shape[2:])
            seen = torch.cat([images, maps], dim=1)
        scores: Tensor = self.discriminator(seen)
        return scores
