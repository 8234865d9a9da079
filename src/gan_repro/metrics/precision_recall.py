"""Precision: the share of samples near real images. Recall: the share of real images near samples.

Near: within the distance from one of them to its k-th nearest neighbour on its own side.
Kynkaanniemi et al. 2019, equations 1 and 2.

Ours, and not torch-fidelity's, which the tests hold it against: that one computes distances in
float64, and those between the sides twice, which takes longer than to see the images.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

if TYPE_CHECKING:
    from torch import Tensor

NAMES = ("precision", "recall")
ROWS_AT_ONCE = 1000
"""With their distances from 50,000 others, 0.6 GB."""
TIE = 1e-6
"""Of the squares of two features: what float32 leaves of the distance between equal ones."""


class Settings(Spec):
    """neighbours : k; 3 in the paper's section 3."""

    neighbours: int = Field(default=3, ge=1)


def least_samples(settings: Settings) -> int:
    """A sample and its k neighbours."""
    return settings.neighbours + 1


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """Both shares, in [0, 1], of pooled features (n, d); what float32 can't tell apart is near."""
    import torch

    made, real = (torch.from_numpy(f.pooled).float() for f in (features, reference.features))
    centre = real.mean(dim=0)  # small numbers have small errors
    made, real = made - centre, real - centre
    made_radii, real_radii = (_radii(points, settings.neighbours) for points in (made, real))
    near_real, near_made = [], torch.zeros(len(real), dtype=torch.bool)
    for some, radii in zip(made.split(ROWS_AT_ONCE), made_radii.split(ROWS_AT_ONCE), strict=True):
        distances = _squared_distances(some, real)
        near_real.append((distances <= real_radii).any(dim=1))
        near_made |= (distances <= radii[:, None]).any(dim=0)
    shares = (near.double().mean().item() for near in (torch.cat(near_real), near_made))
    return dict(zip(NAMES, shares, strict=True))


def _radii(points: "Tensor", neighbours: int) -> "Tensor":
    """(n,): the squared distance from each of the points (n, d) to its k-th nearest other one.

    Two blocks of points meet once, for both of them.
    """
    import torch

    blocks = points.split(ROWS_AT_ONCE)
    nearest = [block.new_full((len(block), neighbours + 1), torch.inf) for block in blocks]
    for i, some in enumerate(blocks):
        for j, others in enumerate(blocks[: i + 1]):
            distances = _squared_distances(some, others)
            nearest[i] = _least(nearest[i], distances)
            if j < i:
                nearest[j] = _least(nearest[j], distances.T)
    return torch.cat(nearest).amax(dim=1) + 2 * TIE * points.square().sum(dim=1)


def _least(known: "Tensor", distances: "Tensor") -> "Tensor":
    """(n, k): the least of as many known ones and (n, m) more, row by row, in any order."""
    import torch

    both = torch.cat([known, distances], dim=1)
    return both.topk(known.shape[1], largest=False, sorted=False).values


def _squared_distances(some: "Tensor", others: "Tensor") -> "Tensor":
    """(n, m), of points (n, d) and (m, d): |x|^2 - 2 x y + |y|^2."""
    import torch

    squares = some.square().sum(dim=1)[:, None] + others.square().sum(dim=1)
    return torch.addmm(squares, some, others.T, alpha=-2.0)
