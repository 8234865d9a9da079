"""Time what the Ray runner costs for 1,000 nodes that do nothing, beyond its start-up.

Limit: 60 s, two workers. Usage: python benchmarks/ray_overhead.py [NODES]
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from kedro.io import DataCatalog
from kedro.pipeline import Pipeline, node

from gan_repro.runners import RayRunner
from gan_repro.runners.ray_runner import cluster
from gan_repro.storage.outputs import JsonDataset

ROOT = Path(__file__).parents[1]
LIMIT, WORKERS = 60.0, 2


def nothing() -> dict[str, int]:
    return {}


def seconds(folder: Path, nodes: int) -> float:
    """How long so many independent nodes take."""
    names = [f"nothing{number}" for number in range(nodes)]
    catalog = DataCatalog({name: JsonDataset(str(folder / f"{name}.json")) for name in names})
    pipeline = Pipeline([node(nothing, None, name, name=f"make_{name}") for name in names])
    began = time.perf_counter()
    RayRunner().run(pipeline, catalog)
    return time.perf_counter() - began


def main() -> int:
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    os.chdir(ROOT)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place, cluster(WORKERS):
        started = time.perf_counter() - began
        first = seconds(Path(place, "first"), WORKERS)  # workers start and import
        all_nodes = seconds(Path(place, "all"), nodes)
    print(f"start-up: {started:.1f} s, and {first:.1f} s until both workers are at work")
    print(f"{nodes} nodes that do nothing: {all_nodes:.1f} s, at most {LIMIT:.0f} for 1,000")
    return int(all_nodes > LIMIT * nodes / 1000)


if __name__ == "__main__":
    sys.exit(main())
