"""Precision: the share of samples near real images. Recall: the share of real images near samples.

Near: within the distance from one of them to its k-th nearest neighbour on its own side.
Kynkaanniemi et al. 2019, equations 1 and 2.

Ours, and not torch-fidelity's, which the tests hold it against: that one computes distances in
float64, and those between the sides twice, which takes longer than to see the images.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference

if TYPE_CHECKING:
    from torch import Tensor

NAMES = ("precision", "recall")
ROWS_AT_ONCE = 1000
"""Their distances from as many others stay in a processor's cache."""
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
    sides = [_Side.of(points - centre, settings.neighbours) for points in (made, real)]
    for some in sides[0].blocks():
        for others in sides[1].blocks():
            distances = _squared_distances(some, others)
            some.near.logical_or_((distances <= others.radii).any(dim=1))
            others.near.logical_or_((distances <= some.radii[:, None]).any(dim=0))
    shares = (side.near.double().mean().item() for side in sides)
    return dict(zip(NAMES, shares, strict=True))


class _Side(NamedTuple):
    """Points (n, d), their squared lengths and radii, and whether one of the others is near."""

    points: "Tensor"
    squares: "Tensor"
    radii: "Tensor"
    near: "Tensor"

    @classmethod
    def of(cls, points: "Tensor", neighbours: int) -> "_Side":
        """Radii squared, to the k-th nearest other point. Two blocks meet once, for both."""
        import torch

        squares = points.square().sum(dim=1)
        side = cls(points, squares, squares, torch.zeros(len(points), dtype=torch.bool))
        blocks = list(side.blocks())
        nearest = [b.points.new_full((len(b.points), neighbours + 1), torch.inf) for b in blocks]
        for i, some in enumerate(blocks):
            for j, others in enumerate(blocks[: i + 1]):
                distances = _squared_distances(some, others)
                nearest[i] = _least(nearest[i], distances)
                if j < i:
                    nearest[j] = _least(nearest[j], distances.T)
        return side._replace(radii=torch.cat(nearest).amax(dim=1) + 2 * TIE * squares)

    def blocks(self) -> "Iterator[_Side]":
        """Views, some rows at a time."""
        return map(_Side, *(tensor.split(ROWS_AT_ONCE) for tensor in self))


def _least(known: "Tensor", distances: "Tensor") -> "Tensor":
    """(n, k): the least of as many known ones and (n, m) more, row by row, in any order."""
    import torch

    both = torch.cat([known, distances], dim=1)
    return both.topk(known.shape[1], largest=False, sorted=False).values


def _squared_distances(some: _Side, others: _Side) -> "Tensor":
    """(n, m), of n points and m others: |x|^2 - 2 x y + |y|^2."""
    import torch

    squares = some.squares[:, None] + others.squares
    return torch.addmm(squares, some.points, others.points.T, alpha=-2.0)
