"""Multi-scale structural similarity of pairs of images, and its mean for each class.

At each of M scales, of which each further one is half as large,

    cs = (2 cov(x, y) + c2) / (var x + var y + c2),  l = (2 mx my + c1) / (mx^2 + my^2 + c1)
    MS-SSIM(x, y) = (mean l cs at scale M)^b_M  prod_{j < M} (mean cs at scale j)^b_j

in Gaussian windows; Wang, Simoncelli and Bovik 2003, section 3, with their c1 = .01^2, c2 = .03^2
(of a range of 1), a deviation of 1.5 pixels and the exponents below; where there are fewer scales,
the first exponents are divided by their sum. Negative means count as 0.

Ours, not a library's: pytorch-msssim has five scales whatever the size of the image, and
torchmetrics' Gaussian window has 11 pixels whatever ``kernel_size`` is. Of images of at most 128
pixels, neither gives five scales.
"""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING, ImageShape
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference
from gan_repro.randomness import numpy_generator

if TYPE_CHECKING:
    import torch
    from torch import Tensor

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # section 3.2
LARGE, SMALL = 11, 7
"""The window of images of at least 176 pixels, whose fifth scale it fits into, and of others."""
DEVIATION = 1.5
C1, C2 = 0.01**2, 0.03**2
PAIRS_AT_ONCE = 500


class Settings(Spec):
    """pairs : random pairs of different images, a class.

    window, scales : of MS-SSIM; None for the largest that fit: 7 pixels, and 5 scales at 128
        pixels, 4 at 64, 3 at 32 and 28, 1 at 8.
    by_class : whether each class's numbers are given, too.
    seed : draws the pairs.
    """

    pairs: int = Field(default=100, ge=1)
    window: int | None = Field(default=None, ge=3)
    scales: int | None = Field(default=None, ge=1, le=len(EXPONENTS))
    by_class: bool = False
    seed: int = Field(default=0, ge=0)


def fitting(settings: Settings, shape: ImageShape) -> tuple[int, int]:
    """The window and the number of scales for images of a shape.

    Raises
    ------
    EvaluationError
        When the window is larger than the image at its last scale.
    """
    side = min(shape.height, shape.width)
    most = len(EXPONENTS)
    window = settings.window or (LARGE if side >> (most - 1) >= LARGE else min(SMALL, side))
    scales = settings.scales or max(
        k for k in range(1, most + 1) if k == 1 or side >> (k - 1) >= window
    )
    if side >> (scales - 1) < window:
        raise EvaluationError(
            f"ms_ssim: a window of {window} pixels and {scales} scales were asked for, but the "
            f"last scale of {shape.height}x{shape.width} pixels has {side >> (scales - 1)}. Leave "
            "them to the metric, or ask for fewer scales."
        )
    return window, scales


def ms_ssim(one: "Tensor", other: "Tensor", window: int, scales: int) -> "Tensor":
    """MS-SSIM in [0, 1] of pairs of images (n, c, h, w) with values in [0, 1]: (n,).

    The mean over channels, as in both libraries.
    """
    import torch
    from torch.nn.functional import avg_pool2d

    exponents = torch.tensor(EXPONENTS[:scales], dtype=one.dtype)
    if scales < len(EXPONENTS):  # all five, as printed, add up to 1.0001
        exponents = exponents / exponents.sum()
    found = []
    for scale in range(scales):
        if scale:
            one, other = avg_pool2d(one, 2), avg_pool2d(other, 2)
        both, contrast = _similarity(one, other, window)
        found.append((both if scale == scales - 1 else contrast).clamp(min=0))
    powers = torch.stack(found) ** exponents[:, None, None]
    return powers.prod(dim=0).mean(dim=1)


def _similarity(one: "Tensor", other: "Tensor", window: int) -> "tuple[Tensor, Tensor]":
    """The means over an image's windows of l cs and of cs, each (n, c)."""
    rows, columns = (_band(side, window, one.dtype) for side in one.shape[2:])

    def blurred(x: "Tensor") -> "Tensor":
        found: Tensor = rows @ x @ columns.T  # several times as fast as convolutions
        return found

    mean, mean_other = blurred(one), blurred(other)
    variances = blurred(one**2) - mean**2 + blurred(other**2) - mean_other**2
    covariance = blurred(one * other) - mean * mean_other
    contrast = (2 * covariance + C2) / (variances + C2)
    luminance = (2 * mean * mean_other + C1) / (mean**2 + mean_other**2 + C1)
    return (luminance * contrast).mean(dim=(2, 3)), contrast.mean(dim=(2, 3))


def _band(side: int, window: int, dtype: "torch.dtype") -> "Tensor":
    """The Gaussian window at each place where it fits into a side: (side - window + 1, side)."""
    import torch

    places = torch.arange(window, dtype=dtype) - (window - 1) / 2
    weights = torch.exp(-(places**2) / (2 * DEVIATION**2))
    band = torch.zeros(side - window + 1, side, dtype=dtype)
    for row, start in zip(band, range(len(band)), strict=True):
        row[start : start + window] = weights / weights.sum()
    return band


def of_samples(
    settings: Settings, features: Features, reference: Reference
) -> dict[int, np.ndarray]:
    """Class -> MS-SSIM of its random pairs, float64 (pairs,); of at least two images of a class."""
    labels = hard(features.labels, reference.classes)
    return _by_class("samples", settings, features.pooled, labels, reference.shape)


def of_real(settings: Settings, reference: Reference) -> dict[int, np.ndarray]:
    """The same of a reference's images."""
    pixels = reference.features.pooled
    return _by_class("reference", settings, pixels, reference.labels, reference.shape)


def hard(labels: np.ndarray | None, classes: int) -> np.ndarray | None:
    """One class an image: the labels, or the largest of a row's entries for the classes.

    Rows may go on behind these, where labels of another kind stand beside.
    """
    soft = labels is not None and labels.ndim == 2
    return labels[:, :classes].argmax(axis=1) if labels is not None and soft else labels


def _by_class(
    what: str,
    settings: Settings,
    rows: np.ndarray,
    labels: np.ndarray | None,
    shape: ImageShape,
) -> dict[int, np.ndarray]:
    if rows.shape[1] != int(np.prod(shape)):
        raise EvaluationError(
            f"ms_ssim: the {what} have {rows.shape[1]} features, expected the "
            f"{int(np.prod(shape))} pixels of an image. Use an extractor that gives pixels: "
            "'pixels', 'classifier_pixels' or 'inception2015_pixels'."
        )
    classes = [] if labels is None else [int(c) for c in np.unique(labels) if c != MISSING]
    window, scales = fitting(settings, shape)
    found = {}
    for c in classes:
        own = np.flatnonzero(labels == c)
        if len(own) >= 2:
            pairs = _pairs(settings, c, len(own))
            found[c] = _compared(rows, own[pairs], shape, window, scales)
    if not found:
        raise EvaluationError(
            f"ms_ssim: no class of the {what} has two images with a label. Score a run with "
            "labels, and more samples."
        )
    return found


def _pairs(settings: Settings, c: int, count: int) -> np.ndarray:
    """Places of different images of one class, int64 (pairs, 2)."""
    draws = numpy_generator(settings.seed, f"ms_ssim/{c}")
    first = draws.integers(count, size=settings.pairs)
    step = draws.integers(1, count, size=settings.pairs)
    return np.stack([first, (first + step) % count], axis=1)


def _compared(
    rows: np.ndarray, pairs: np.ndarray, shape: ImageShape, window: int, scales: int
) -> np.ndarray:
    import torch

    found = []
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        some = rows[pairs[start : start + PAIRS_AT_ONCE].T]
        unit = some.astype(np.float32) / (255.0 if some.dtype == np.uint8 else 1.0)
        one, other = torch.from_numpy(unit.astype(np.float64)).unflatten(2, shape)
        found.append(ms_ssim(one, other, window, scales).numpy())
    return np.concatenate(found)
