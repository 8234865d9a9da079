"""Time a whole evaluation against EfficientNet-Lite0's forward passes alone.

Samples of SN-GAN (width 16, 32x32) are drawn, looked at, and get Inception Score, Frechet and
kernel distance, precision and recall against as many reference images. Alone, the network sees one
ready batch again and again, before and after. Fails above 1.3 times the forward passes at 112
pixels, and 1.1 times at 224. Before that, precision and recall of 50,000 samples of 2,048 features
against as many: fails where the process takes 8 GB.

BENCH_SAMPLES : 10,000.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch_fidelity  # noqa: F401 : two seconds, once a process

from gan_repro import kinds, memory, snapshots
from gan_repro.checking import read_yaml
from gan_repro.evaluation import evaluate
from gan_repro.features._batches import fitting
from gan_repro.features.efficientnet_lite0 import EfficientNet, Settings, load
from gan_repro.images import ImageShape, LabelSet
from gan_repro.measuring import Features, Reference, moments
from gan_repro.metrics import precision_recall
from gan_repro.runs import RunSpec

PROTOCOLS = Path(__file__).parents[1] / "conf" / "base" / "protocols.yml"
SHAPE = ImageShape(3, 32, 32)
COUNT = int(os.environ.get("BENCH_SAMPLES", "10000"))
MANY, GIGABYTES = 50_000, 8
LIMITS = {112: 1.3, 224: 1.1}
METRICS = {"inception_score": {}, "fid": {}, "kid": {}, "precision_recall": {}}
LABELS = LabelSet(np.zeros(COUNT, np.int64), {})


def seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def distances() -> float:
    """The most memory, in GB, that the process took by the end of precision and recall."""
    random = np.random.default_rng(0)
    made, real = (random.standard_gamma(0.5, (MANY, 2048), dtype=np.float32) for _ in range(2))
    against = Reference(
        "inception2015", "", "cifar10", "test", SHAPE, 10, Features(real, None), None,
        np.zeros(MANY, np.int64),
    )  # fmt: skip
    took = seconds(
        lambda: precision_recall.compute(precision_recall.Settings(), Features(made, None), against)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # kB, on Linux
    print(
        f"precision and recall of {MANY} samples: {took:.0f} s, {peak:.1f} GB at most", flush=True
    )
    return peak


def passes(extractor: EfficientNet, size: int) -> Callable[[], None]:
    """As many forward passes as the samples need."""
    ready = torch.randn(fitting(size), 3, size, size).contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def step() -> None:
        with memory.kept():
            for _ in range(0, COUNT, len(ready)):
                extractor._network(ready)

    return step


def reference(extractor: EfficientNet, name: str) -> Reference:
    """Random features in the place of those of real images: counting distances takes as long."""
    random = np.random.default_rng(0)
    seen = Features(
        random.gamma(0.5, 1.0, (COUNT, 1280)).astype(np.float32),
        random.normal(size=(COUNT, 1000)).astype(np.float32),
    )
    return Reference(
        name, extractor.sha256, "cifar10", "test", SHAPE, 10, seen, moments(seen.pooled),
        LABELS.labels,
    )  # fmt: skip


def evaluation(extractor: EfficientNet, size: int) -> Callable[[], None]:
    """Everything from a snapshot to score rows."""
    name = f"efficientnet_lite0_{size}"
    real = reference(extractor, name)
    protocol = read_yaml(PROTOCOLS)["efficientnet_lite0_112_fid_2k"] | {
        "extractor": name, "input_size": size, "metrics": METRICS, "samples": COUNT,
        "reference_count": None,
    }  # fmt: skip
    run = RunSpec(
        key="bench.sngan.clean.seed0", scale="bench", dataset="cifar10", rounds=1, seed=0,
        method={"kind": "sngan", "generator_width": 16, "discriminator_width": 16}, batch_size=64,
        engine={"device": "cpu", "threads": torch.get_num_threads()},
    )  # fmt: skip
    game = kinds.find("methods", "sngan").build(run.settings(), SHAPE, 10)
    kept = snapshots.flatten({"generator": game.players["generator"].state_dict()}, 1)

    def step() -> None:
        spec = run.model_dump(mode="json")
        rows, _ = evaluate(spec, ["bench"], {"bench": protocol}, kept, LABELS, real)
        found = {row["metric"] for row in rows}
        assert {"inception_score", "fid", "kid", "precision", "recall"} <= found

    return step


def main() -> int:
    torch.manual_seed(0)
    failed = distances() > GIGABYTES
    for size, limit in LIMITS.items():
        extractor = load(Settings(input_size=size))
        forward, whole = passes(extractor, size), evaluation(extractor, size)
        before, took, after = (seconds(step) for step in (forward, whole, forward))
        ratio = 2 * took / (before + after)
        print(
            f"{COUNT} samples at {size} pixels, {torch.get_num_threads()} threads: evaluation "
            f"{took:.1f} s, forward passes {before:.1f} and {after:.1f} s, ratio {ratio:.3f}, "
            f"at most {limit}",
            flush=True,
        )
        failed |= ratio > limit
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
