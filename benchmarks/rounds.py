"""Time the engine's round against a bare PyTorch loop, and each switch against float32.

SN-GAN at 32x32, width 64, batch 64; medians over interleaved pairs, so that a busy machine
disturbs both sides alike. Fails where the engine costs more than 1.05 times the bare loop.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from bare import rounds as bare_rounds

from gan_repro.game import Clock
from gan_repro.images import ImageSet
from gan_repro.runs import RunSpec
from gan_repro.training.table import lay

WIDTH, BATCH, LIMIT = 64, 64, 1.05
PAIRS = int(os.environ.get("BENCH_PAIRS", "40"))


def image_set() -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (2048, 3, 32, 32), dtype=np.uint8)
    return ImageSet(pixels, np.zeros(len(pixels), np.int64), 1)


def engine_rounds(images: ImageSet, **switches: object) -> Iterator[None]:
    method = {"kind": "sngan", "generator_width": WIDTH, "discriminator_width": WIDTH}
    run = RunSpec(
        key="bench.sngan.clean.seed0", scale="bench", dataset="digits", method=method, seed=0,
        rounds=10**6, batch_size=BATCH, engine={"device": "cpu", **switches},
    )  # fmt: skip
    table = lay(run, images, images.labels)
    for number in range(run.rounds):
        table.play(Clock(number, run.rounds))
        if (number + 1) % run.engine.log_every == 0:
            table.history.close_window(number + 1)
        yield


def seconds(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def compare(ours: Iterator[None], other: Iterator[None]) -> tuple[float, float, float]:
    """Medians of both in seconds, and of the pairwise ratio ours / other."""
    for _ in range(3):
        next(ours), next(other)
    pairs = []
    for turn in range(PAIRS):
        sides = [lambda: next(ours), lambda: next(other)]
        order = (0, 1) if turn % 2 else (1, 0)
        times = {side: seconds(sides[side]) for side in order}
        pairs.append((times[0], times[1]))
    mine, theirs = zip(*pairs, strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    return statistics.median(mine), statistics.median(theirs), ratio


def main() -> int:
    torch.manual_seed(0)
    images = image_set()
    bare = bare_rounds(WIDTH, BATCH, torch.from_numpy(images.images))
    ours, theirs, ratio = compare(engine_rounds(images), bare)
    print(f"SN-GAN 32x32, width {WIDTH}, batch {BATCH}, {torch.get_num_threads()} threads")
    print(f"engine {ours * 1e3:.0f} ms a round, bare loop {theirs * 1e3:.0f} ms, ratio {ratio:.3f}")
    for name, switches in (
        ("channels_last", {"channels_last": True}),
        ("bfloat16", {"precision": "bfloat16"}),
        ("both", {"channels_last": True, "precision": "bfloat16"}),
    ):
        fast, plain, share = compare(engine_rounds(images, **switches), engine_rounds(images))
        print(f"{name}: {fast * 1e3:.0f} ms against {plain * 1e3:.0f} ms, gain {1 / share:.2f}x")
    if ratio > LIMIT:
        print(
            f"the engine's round costs {ratio:.3f} times the bare loop; at most {LIMIT} is allowed"
        )
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
