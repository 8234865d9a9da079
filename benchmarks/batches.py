"""Time a batch from the in-memory image set against torchvision's data set behind a DataLoader.

MNIST's file format with 10,000 random images, batch 64. Fails below a ratio of 10.
"""

import struct
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from gan_repro.images import ImageSet
from gan_repro.runs import RunSpec
from gan_repro.training.batches import Batches

COUNT, BATCH, READS, FACTOR = 10_000, 64, 150, 10


def write_mnist(folder: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    folder.mkdir(parents=True)
    for split in ("train", "t10k"):
        head = struct.pack(">IIII", 2051, len(pixels), 28, 28)
        (folder / f"{split}-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
        head = struct.pack(">II", 2049, len(labels))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())


def milliseconds(batches: object) -> float:
    iterator = iter(batches)  # type: ignore[call-overload]
    next(iterator)
    began = time.perf_counter()
    read = sum(1 for _ in islice(iterator, READS))
    assert read == READS
    return (time.perf_counter() - began) / READS * 1e3


def main() -> int:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (COUNT, 28, 28), dtype=np.uint8)
    labels = random.integers(0, 10, COUNT, dtype=np.uint8)
    run = RunSpec(
        key="bench.batches.clean.seed0", scale="bench", dataset="mnist", method={"kind": "sngan"},
        seed=0, rounds=1, batch_size=BATCH,
    )  # fmt: skip
    images = ImageSet(pixels[:, None], labels.astype(np.int64), 10)
    ours = milliseconds(Batches(run, images, images.labels, torch.device("cpu")))
    with tempfile.TemporaryDirectory() as folder:
        write_mnist(Path(folder) / "MNIST" / "raw", pixels, labels)
        scaled = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
        theirs = DataLoader(datasets.MNIST(folder, transform=scaled), BATCH, shuffle=True)
        loader = milliseconds(theirs)
    ratio = loader / ours
    print(f"a batch of {BATCH}: in memory {ours:.2f} ms, DataLoader {loader:.2f} ms, {ratio:.0f}x")
    return int(ratio < FACTOR)


if __name__ == "__main__":
    sys.exit(main())
