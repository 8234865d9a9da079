"""Time a table of 21 runs under the Ray runner with two workers against the sequential runner.

One thread a run in both, runs of at least 20 s, two idle cores. Fails where the Ray runner takes
more than 0.65 of the sequential one's time, where runs are too short to say anything, or where a
score or a weight differs by a bit. Usage: python benchmarks/ray_speed.py [ROUNDS]
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from tiny_project import Project, tiny_project  # noqa: E402

SEEDS, TABLE = 7, "jgan_table_1a"  # three runs a seed
LIMIT, SHORTEST = 0.65, 20.0
RAY = ("--runner", "gan_repro.runners.RayRunner", "--runner-params", "workers=2")


def project(folder: Path, rounds: int) -> Project:
    """A project of one small table whose runs have ``rounds`` rounds."""
    made = tiny_project(folder)
    scale = made.read("conf/scales/smoke.yml")
    scale["paper_seeds"] = {"jgan": list(range(SEEDS))}
    scale["rounds_fraction"]["jgan"] = rounds / 100_000
    made.write("conf/scales/smoke.yml", scale)
    made.run("kedro", "lock")
    return made


def seconds(made: Project, *options: str) -> float:
    """How long the table takes."""
    began = time.perf_counter()
    made.run("kedro", "run", "--pipelines", TABLE, *options)
    return time.perf_counter() - began


def lengths(made: Project) -> list[float]:
    """Seconds that each training took."""
    files = (made.root / "data/08_reporting/smoke/jgan").rglob("provenance.json")
    return [json.loads(file.read_text())["seconds"] for file in files]


def results(made: Project) -> dict[str, bytes]:
    files = [*(made.root / "data").rglob("*.safetensors"), *made.root.rglob("scores.json")]
    files += (made.root / "data/08_reporting/smoke/tables").rglob("*.json")
    return {str(file.relative_to(made.root)): file.read_bytes() for file in files}


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    with tempfile.TemporaryDirectory() as place:
        alone = project(Path(place, "alone"), rounds)
        spread = Project(shutil.copytree(alone.root, Path(place, "spread")))
        together = seconds(spread, *RAY)
        one_by_one = seconds(alone)
        shortest, same = min(lengths(alone)), results(alone) == results(spread)
        typical = statistics.median(lengths(alone))
    share = together / one_by_one
    print(f"{3 * SEEDS} runs of {rounds} rounds, {typical:.1f} s in the median, one thread each")
    print(f"sequential runner {one_by_one:.0f} s, Ray runner with two workers {together:.0f} s")
    print(f"share {share:.3f}, at most {LIMIT}; results {'are the same' if same else 'DIFFER'}")
    if shortest < SHORTEST:
        print(f"the shortest run took {shortest:.1f} s, at least {SHORTEST:.0f} are asked for")
    return int(share > LIMIT or shortest < SHORTEST or not same)


if __name__ == "__main__":
    sys.exit(main())
