"""Tensors compared by the largest absolute difference of their entries; parameters counted."""

from torch import Tensor, nn


def differ(one: Tensor, other: Tensor) -> bool:
    """Whether some entries are clearly apart."""
    return bool((one - other).abs().max() > 1e-3)


def close(one: Tensor, other: Tensor, tolerance: float = 1e-5) -> bool:
    """Whether the shapes agree and all entries nearly do."""
    return one.shape == other.shape and bool((one - other).abs().max() <= tolerance)


def count(network: nn.Module) -> int:
    """How many parameters a network has."""
    return sum(parameter.numel() for parameter in network.parameters())
