"""How extractors send images through their networks."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gan_repro.measuring import Features

if TYPE_CHECKING:
    import torch
    from torch import Tensor


PIXELS_AT_ONCE = {"cpu": 2**20, "cuda": 2**22}
"""Of a batch, as a network of ImageNet sees it: on a CPU 83 images of 112 x 112, or 20 of 224.

Its largest activations then take some 100 MB, which ``memory.kept`` keeps from batch to batch.
"""


def fitting(side: int) -> int:
    """How many images of ``side`` pixels a side pass through such a network at once.

    >>> fitting(10_000)
    1
    """
    return max(1, PIXELS_AT_ONCE[device().type] // side**2)


def in_batches(
    network: "Callable[[Tensor], tuple[Tensor, Tensor | None]]",
    images: np.ndarray,
    batch_size: int,
) -> Features:
    """Features of uint8 images (n, c, h, w) through a network of uint8 tensors, in float32.

    network : a batch -> pooled features and logits, or None for a network that does not classify.

    TF32 and autotuned algorithms are switched off: they move features by 1e-3 between machines.
    """
    import torch

    pooled, logits = [], []
    flags = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), flags:
        for start in range(0, len(images), batch_size):
            # a copy: memory-mapped arrays cannot be written, which torch warns about
            batch = torch.from_numpy(np.array(images[start : start + batch_size]))
            found, answers = network(batch.to(device()))
            pooled.append(found.float().cpu().numpy())
            if answers is not None:
                logits.append(answers.float().cpu().numpy())
    return Features(np.concatenate(pooled), np.concatenate(logits) if logits else None)


def three_channels(images: "Tensor") -> "Tensor":
    """Grey images (n, 1, h, w) repeated to (n, 3, h, w); colour images as they are."""
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images


def device() -> "torch.device":
    """Where extractors run: the GPU where there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
