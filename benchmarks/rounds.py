"""Time the engine's rounds: against a bare PyTorch loop, and each switch against eager float32.

Medians over interleaved rounds, so that a busy machine disturbs all sides alike. Each net prints
ms a round, real images a second, the gain over eager float32 with maps in (n, channels, h, w), and
the share of the machine's own rate of square matrix products in that precision, measured between
the rounds. Fails where the engine costs more than 1.05 times the bare loop.

BENCH_PAIRS : at most so many rounds of each side, 20. BENCH_SECONDS : for each net, at least 2
rounds a side, 15. BENCH_NETS : of the names, those that have this in them. BENCH_DEVICE : cpu.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bare import rounds as bare_rounds

from gan_repro import counting, kinds, memory
from gan_repro.devices import precision
from gan_repro.game import Clock
from gan_repro.images import ImageSet
from gan_repro.runs import RunSpec
from gan_repro.training.table import Table, lay

CONF = Path(__file__).parents[1] / "conf"
WIDTH, BATCH, LIMIT = 64, 64, 1.05
SIDE, PRODUCTS = 2048, 20
PAIRS = int(os.environ.get("BENCH_PAIRS", "20"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "15"))
CHOSEN = os.environ.get("BENCH_NETS", "")
DEVICE = torch.device(os.environ.get("BENCH_DEVICE", "cpu"))
NATIVE = precision("auto", DEVICE) == "bfloat16"
PASSES = {"passes": "separate"}


def net(kind: str, width: int, **more: object) -> dict[str, Any]:
    return {"kind": kind, "generator_width": width, "discriminator_width": width, **more}


NETS: dict[str, dict[str, Any]] = {
    "SN-GAN 32x32, width 64": net("sngan", 64, **PASSES),
    "SN-GAN 32x32, width 256": net("sngan", 256, **PASSES),
    "BigGAN 32x32, width 64": net("biggan", 64, **PASSES),
    "Stacked GAN 32x32": {"kind": "stacked_gan"},
}
JOINT = {"passes": "joint"}
SWITCHES: dict[str, tuple[dict[str, str], dict[str, object]]] = {  # of the method, of the engine
    "eager float32": ({}, {}),
    "channels_last": ({}, {"channels_last": True}),
    "bfloat16": ({}, {"precision": "bfloat16"}),
    "compile": ({}, {"compile": True}),
    "passes: joint": (JOINT, {}),
    "all": (JOINT, {"channels_last": True, "precision": "auto", "compile": True}),
}
if DEVICE.type == "cuda":
    SWITCHES["cuda_graphs"] = ({}, {"compile": "cuda_graphs"})


def image_set() -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (2048, 3, 32, 32), dtype=np.uint8)
    return ImageSet(pixels, np.arange(len(pixels)) % 10, 10)


def run_of(method: Mapping[str, Any], engine: Mapping[str, Any]) -> RunSpec:
    return RunSpec(
        key="bench.rounds.clean.seed0", scale="bench", dataset="cifar10", method=dict(method),
        seed=0, rounds=10**6, batch_size=BATCH, engine={"device": str(DEVICE), **engine},
    )  # fmt: skip


def table_of(run: RunSpec, images: ImageSet) -> Table:
    """A run at its table, on the fresh networks of others where its method builds on them."""
    build = kinds.find("methods", run.method["kind"]).build
    game = build(run.settings(), images.shape, images.classes)
    weights = {
        f"00000001/{there}/{key}": value
        for player, there in game.upstream.items()
        for key, value in game.players[player].state_dict().items()
    }
    return lay(run, images, images.labels, weights or None)


def player_of(table: Table, run: RunSpec) -> Callable[[], None]:
    """Plays one round a call, and reads the losses back as the loop does."""
    numbers = iter(range(run.rounds))

    def step() -> None:
        number = next(numbers)
        table.play(Clock(number, run.rounds))
        if (number + 1) % run.engine.log_every == 0:
            table.history.close_window(number + 1)

    return step


def products(kind: torch.dtype) -> Callable[[], None]:
    """Several in a row: the first one after other work is slower."""
    a, b = (torch.randn(SIDE, SIDE, device=DEVICE).to(kind) for _ in range(2))

    def step() -> None:
        for _ in range(PRODUCTS):
            a @ b

    return step


def seconds(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def interleaved(sides: Mapping[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Seconds of each side, round by round, in an order that turns, after one that warms up."""
    for step in sides.values():
        step()
    times: dict[str, list[float]] = {name: [] for name in sides}
    began, played = time.perf_counter(), 0
    while played < PAIRS and (played < 2 or time.perf_counter() - began < SECONDS):
        for name in sorted(sides, key=list(sides).index, reverse=bool(played % 2)):
            times[name].append(seconds(sides[name]))
        played += 1
    return times


def ratio(these: list[float], those: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(these, those, strict=True))


def against_bare(images: ImageSet) -> float:
    """The engine's round over that of the bare loop."""
    run = run_of(net("sngan", WIDTH), {})
    loop = bare_rounds(WIDTH, BATCH, torch.from_numpy(images.images))
    ours = player_of(table_of(run, images), run)
    times = interleaved({"engine": ours, "bare loop": lambda: next(loop)})
    mine, bare = (statistics.median(own) * 1e3 for own in times.values())
    found = ratio(*times.values())
    print(f"SN-GAN 32x32, width {WIDTH}, batch {BATCH}, {torch.get_num_threads()} threads")
    print(f"engine {mine:.0f} ms a round, bare loop {bare:.0f} ms, ratio {found:.3f}\n")
    return found


def gain_of_kept_memory(images: ImageSet) -> float:
    """Rounds while freed memory goes back to the system, over those while it is kept."""
    run = run_of(net("sngan", WIDTH), {})
    step = player_of(table_of(run, images), run)
    step()
    given_back = [seconds(step) for _ in range(PAIRS)]
    with memory.kept():
        step()
        kept = [seconds(step) for _ in range(PAIRS)]
    return statistics.median(given_back) / statistics.median(kept)


def time_switches(title: str, method: dict[str, Any], images: ImageSet) -> None:
    """Print a line for each switch that the method has and the machine computes in fair time."""
    plain = run_of(method, {})
    work = counting.count(plain, CONF).flops
    sides = {"float32": products(torch.float32), "bfloat16 ": products(torch.bfloat16)}
    low, seen = {}, 0
    for name, (own, engine) in SWITCHES.items():
        if (own == JOINT and name != "all" and "passes" not in method) or (
            name == "bfloat16" and not NATIVE and work > 2e11
        ):
            continue
        run = run_of({**method, **(own if "passes" in method else {})}, engine)
        laid = table_of(run, images)
        sides[name] = player_of(laid, run)
        low[name] = precision(run.engine.precision, DEVICE) == "bfloat16"
        seen = sum(t.repeats for t in laid.game.turns if t.batch == "next") * BATCH
    times = interleaved(sides)
    work_of_products = PRODUCTS * 2 * SIDE**3
    rates = [work_of_products / statistics.median(times.pop(name)) for name in list(sides)[:2]]
    of_products = ", ".join(f"{rate / 1e9:.0f}" for rate in rates)
    print(f"{title}, batch {BATCH}: {work / 1e9:.0f} GFLOP a round")
    print(f"square matrix products in float32 and bfloat16: {of_products} GFLOP/s")
    print(f"{'':16}{'ms a round':>11}{'images/s':>10}{'gain':>8}{'share':>8}")
    for name, own in times.items():
        took = statistics.median(own)
        share = work / took / rates[low[name]]
        gain = ratio(times["eager float32"], own)
        print(f"{name:16}{took * 1e3:11.0f}{seen / took:10.0f}{gain:7.2f}x{share:8.0%}")
    print(flush=True)


def main() -> int:
    torch.manual_seed(0)
    images, cost = image_set(), 0.0
    if DEVICE.type == "cpu":
        print(f"freed memory that stays with the process: {gain_of_kept_memory(images):.2f}x")
    with memory.kept():
        cost = against_bare(images) if DEVICE.type == "cpu" else 0.0
        for title in (title for title in NETS if CHOSEN in title):
            time_switches(title, NETS[title], images)
            torch.compiler.reset()
    if not NATIVE:
        print(f"bfloat16 is imitated on this {DEVICE.type}: only the smallest net shows its cost")
    if cost > LIMIT:
        print(
            f"the engine's round costs {cost:.3f} times the bare loop; at most {LIMIT} is allowed"
        )
    return int(cost > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
