"""Differentiable augmentations of batches of images, each image for itself, from a named stream.

kornia draws from PyTorch's global generator; here a seed from the run's own stream is put in its
place meanwhile, so that a run resumes to the bit and no other stream is disturbed. Cutout is
written out, since kornia's keeps the square inside the image.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

SHARE = 0.125
"""Of the side, by which images are moved at most: 4 of 32 pixels."""

AugmentationName = Literal["flip", "shift", "translation", "cutout", "colour"]


def augment(images: Tensor, names: Sequence[AugmentationName], draw: torch.Generator) -> Tensor:
    """The images after the named augmentations, one after the other; gradients pass.

    images : (n, channels, h, w) in [-1, 1]; may carry a gradient.
    draw : gives one seed a call; the same state gives the same augmented images.
    """
    with _seeded(draw):
        for name in names:
            images = AUGMENTATIONS[name](images)
    return images


def flip(images: Tensor) -> Tensor:
    """Mirrored left to right with probability 1/2."""
    import kornia.augmentation as kornia

    return _applied(kornia.RandomHorizontalFlip(p=0.5), images)


def shift(images: Tensor) -> Tensor:
    """Moved by whole pixels, at most ``SHARE`` of the side; the border mirrors the image."""
    return _moved(images, "reflect")


def translation(images: Tensor) -> Tensor:
    """Moved by whole pixels, at most ``SHARE`` of the side; 0 (grey) comes in.

    DiffAugment (Zhao et al. 2020; data-efficient-gans, DiffAugment_pytorch.py, rand_translation).
    """
    return _moved(images, "constant")


def cutout(images: Tensor) -> Tensor:
    """A square of half the side is 0 (grey); its centre lies anywhere, so a part may fall outside.

    DiffAugment (DiffAugment_pytorch.py, rand_cutout, ratio 1/2).
    """
    rows, columns = (_band(len(images), side, images.device) for side in images.shape[2:])
    return images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], 0.0)


def _band(count: int, side: int, device: torch.device) -> Tensor:
    """Which of ``side`` places each of ``count`` rows leaves out, bool (count, side)."""
    size = int(side * 0.5 + 0.5)
    centre = torch.randint(side + 1 - size % 2, (count, 1), device=device)
    first, places = centre - size // 2, torch.arange(side, device=device)
    return (places >= first) & (places < first + size)


def colour(images: Tensor) -> Tensor:
    """Brightness, contrast and saturation times 0.6 to 1.4, hue by up to a tenth of the circle.

    Grey images have no saturation and no hue. The strengths are ours.
    """
    import kornia.augmentation as kornia

    tint = (0.4, 0.1) if images.shape[1] == 3 else (0.0, 0.0)
    unit = images.add(1.0).div(2.0).clamp(0.0, 1.0)
    return _applied(kornia.ColorJitter(0.4, 0.4, *tint), unit).mul(2.0).sub(1.0)


AUGMENTATIONS: dict[AugmentationName, Callable[[Tensor], Tensor]] = {
    "flip": flip,
    "shift": shift,
    "translation": translation,
    "cutout": cutout,
    "colour": colour,
}
"""By the names that settings use; each draws from PyTorch's global generator."""


@contextmanager
def _seeded(draw: torch.Generator) -> Iterator[None]:
    """PyTorch's global generators start from a seed of the stream's, and are as before after it."""
    seed = int(torch.randint(2**62, (), generator=draw, device=draw.device))
    devices = [draw.device] if draw.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _moved(images: Tensor, border: str) -> Tensor:
    import kornia.augmentation as kornia

    height, width = images.shape[2:]
    most_x, most_y = (int(side * SHARE + 0.5) for side in (width, height))
    # two entries: of four, kornia takes the second for the top
    crop = kornia.RandomCrop((height, width), padding=(most_x, most_y), padding_mode=border)
    return _applied(crop, images)


def _applied(module: nn.Module, images: Tensor) -> Tensor:
    found: Tensor = module(images)
    return found
