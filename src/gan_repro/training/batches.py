"""Real data for a game: one uint8 tensor in memory, read in seeded epochs; no loader workers."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gan_repro.errors import ConfigurationError
from gan_repro.game import Batch
from gan_repro.images import MISSING, ImageSet, pixel_scaling
from gan_repro.randomness import torch_generator
from gan_repro.runs import RunSpec

DEVICE_SHARE = 0.5
"""Images stay on a GPU only if they fill at most this share of its free memory."""


class Batches(Iterator[Batch]):
    """Endless batches: every epoch is a fresh permutation, its incomplete last batch is dropped.

    ``state`` and ``restore`` hold the place in the data to the image and the bit.
    only_labelled : leave out images whose label is missing.
    """

    def __init__(
        self, run: RunSpec, images: ImageSet, labels: np.ndarray, device: torch.device,
        channels_last: bool = False, only_labelled: bool = False,
    ) -> None:  # fmt: skip
        left_out = only_labelled and labels.ndim == 1
        rows = np.flatnonzero(labels != MISSING) if left_out else np.arange(len(images))
        if len(rows) < run.batch_size:
            raise ConfigurationError(
                f"{run.key}: batch_size {run.batch_size} was asked for, but {run.dataset} has "
                f"{len(rows)} training images. Choose a batch_size of at most {len(rows)}."
            )
        self.device, self.size, self.seed = device, run.batch_size, run.seed
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.images = images.images  # of which those in the batches alone fill memory
        pixels = torch.from_numpy(np.ascontiguousarray(self.images[rows]))
        home = device if _fits(pixels, device) else torch.device("cpu")
        self.pixels, self.rows = pixels.to(home), torch.from_numpy(rows).to(home)
        self.labels = torch.from_numpy(np.array(labels[rows])).to(home)
        self.scale = pixel_scaling(run.pixels).forward
        self.order = torch_generator(run.seed, "order")
        self.noise = torch_generator(run.seed, "dequantisation", device)
        self._start_epoch()

    def _start_epoch(self) -> None:
        self.epoch_state = self.order.get_state()
        order = torch.randperm(len(self.rows), generator=self.order)
        self.permutation = order.to(self.rows.device)  # once an epoch: copies make the host wait
        self.place = 0

    def __next__(self) -> Batch:
        if self.place + self.size > len(self.permutation):
            self._start_epoch()
        chosen = self.permutation[self.place : self.place + self.size]
        self.place += self.size
        images = self._scaled(self.pixels.index_select(0, chosen), self.noise)
        labels, index = (
            values.index_select(0, chosen).to(self.device, non_blocking=True)
            for values in (self.labels, self.rows)
        )
        return Batch(images, labels, index)

    def in_order(self) -> Iterator[Tensor]:
        """Every image once, in the data's order; the last batch may be smaller.

        Dequantisation noise is drawn anew from a stream of its own: each call yields the same.
        """
        noise = torch_generator(self.seed, "dequantisation in order", self.device)
        for start in range(0, len(self.images), self.size):
            pixels = torch.from_numpy(np.array(self.images[start : start + self.size]))
            yield self._scaled(pixels, noise)

    def _scaled(self, pixels: Tensor, noise: torch.Generator) -> Tensor:
        images = self.scale(pixels.to(self.device, non_blocking=True), noise)
        return images.contiguous(memory_format=self.format)

    def state(self) -> dict[str, Tensor]:
        """The place in the data, as named tensors."""
        return {
            "epoch": self.epoch_state,
            "place": torch.tensor(self.place),
            "dequantisation": self.noise.get_state(),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go back to the place that ``state`` names."""
        self.order.set_state(state["epoch"])
        self._start_epoch()
        self.place = int(state["place"])
        self.noise.set_state(state["dequantisation"])


def _fits(pixels: Tensor, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return pixels.numel() <= DEVICE_SHARE * free
