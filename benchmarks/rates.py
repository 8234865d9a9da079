"""Print seconds a round of every method that a scale trains, as conf/<scale>/rates.yml states them.

Medians over rounds of the first locked run of each kind, interleaved, on images of noise of the
data set's shape, with the run's own engine. Usage: python benchmarks/rates.py [SCALE]
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

from gan_repro import datacard, locks
from gan_repro.game import Clock
from gan_repro.images import ImageSet
from gan_repro.runs import RunSpec
from gan_repro.training.table import Table, lay

CONF = Path(__file__).parents[1] / "conf"
ROUNDS, WARM = 11, 3


def first_runs(scale: str) -> dict[str, RunSpec]:
    """Method's kind -> its first locked run."""
    runs: dict[str, RunSpec] = {}
    for run in locks.read_runs(CONF, scale):
        if run.trained:
            runs.setdefault(run.train["method"]["kind"], RunSpec(**run.train))
    return runs


def table(run: RunSpec) -> Table:
    """A run at its table, on 512 images of noise."""
    card = datacard.read_card(run.dataset, CONF)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (512, *card.shape), dtype=np.uint8)
    images = ImageSet(pixels, np.arange(512) % len(card.classes), len(card.classes))
    labels = random.integers(0, run.labels.size(len(card.classes)), 512)
    return lay(run, images, labels)


def main() -> None:
    scale = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    tables = {kind: (run, table(run)) for kind, run in first_runs(scale).items()}
    times: dict[str, list[float]] = {kind: [] for kind in tables}
    for number in range(ROUNDS):
        for kind, (run, laid) in tables.items():
            torch.set_num_threads(run.engine.threads)
            began = time.perf_counter()
            laid.play(Clock(number, run.rounds))
            times[kind].append(time.perf_counter() - began)
    print("seconds_per_round:")
    for kind, seconds in times.items():
        print(f"  {kind}: {statistics.median(seconds[WARM:]):.3f}")


if __name__ == "__main__":
    main()
