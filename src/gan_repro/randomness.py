"""One seed becomes named, independent streams, so that adding a stream never disturbs another."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def seed_for(seed: int, stream: str) -> int:
    """A 63-bit seed for the stream called ``stream``: the head of sha256("seed/stream").

    >>> seed_for(0, "weights") != seed_for(0, "latents") != seed_for(1, "latents")
    True
    """
    digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def torch_generator(
    seed: int, stream: str, device: "torch.device | str" = "cpu"
) -> "torch.Generator":
    """A PyTorch generator of the named stream, on ``device``."""
    import torch

    return torch.Generator(device).manual_seed(seed_for(seed, stream))


def numpy_generator(seed: int, stream: str) -> np.random.Generator:
    """A NumPy generator of the named stream."""
    return np.random.default_rng(seed_for(seed, stream))
