"""Tensors compared by the largest absolute difference of their entries."""

from torch import Tensor


def differ(one: Tensor, other: Tensor) -> bool:
    """Whether some entries are clearly apart."""
    return bool((one - other).abs().max() > 1e-3)


def close(one: Tensor, other: Tensor, tolerance: float = 1e-5) -> bool:
    """Whether the shapes agree and all entries nearly do."""
    return one.shape == other.shape and bool((one - other).abs().max() <= tolerance)
