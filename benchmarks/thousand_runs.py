"""Time what grows with the number of runs: the registry, Kedro-Viz, and a repro of nothing.

A copy of the project gets a lock of made-up runs; nothing is trained, and DVC is told that small
files are what the stages made. Limits: 1,000 runs listed in 5 s and opened by Kedro-Viz, as their
paper's pipeline, in 20 s; `dvc repro` of 400 runs that are all done in 60 s.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
COPIED = ("conf", "src", "dvc", "pyproject.toml", "README.md", ".telemetry", ".gitignore")
SEEDS, PORT = 20, 4199
LISTED, OPENED, REPEATED = 5.0, 20.0, 60.0


def copy(folder: Path, scale: str, runs: int) -> Path:
    """The project with ``runs`` runs of one method at a scale, and no paper but JGAN."""
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    for other in (folder / "conf" / scale / "runs").iterdir():
        if other.name not in {"jgan", "shared"}:
            shutil.rmtree(other)
    locks = folder / "conf" / scale / "runs" / "jgan"
    lock = yaml.safe_load((locks / "cifar10_jgan.yml").read_text())
    shutil.rmtree(locks)
    locks.mkdir()
    for family in range(runs // SEEDS):
        seeds = {}
        for seed in range(SEEDS):
            entry = lock["noise40"]["seed0"]
            key = f"jgan.family{family}.noise40.seed{seed}"
            seeds[f"seed{seed}"] = {**entry, "train": {**entry["train"], "key": key}}
        (locks / f"family{family}.yml").write_text(yaml.safe_dump({"noise40": seeds}))
    return folder


def run(folder: Path, *command: str) -> float:
    """Seconds that a command of the project in ``folder`` takes."""
    began = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=environment(folder), check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder / "src"), "DO_NOT_TRACK": "1"}


def opened(folder: Path, port: int, *options: str) -> float:
    """Seconds from starting Kedro-Viz to its answer with the whole graph.

    A port each: a server may outlive the command that started it.
    """
    command = ["kedro", "viz", "run", "--no-browser", "--include-hooks", "--port", str(port)]
    address = f"http://127.0.0.1:{port}/api/main"
    began = time.perf_counter()
    server = subprocess.Popen(
        [*command, *options], cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        while True:
            try:
                with urllib.request.urlopen(address, timeout=60) as page:
                    assert b"family49" in page.read()
                return time.perf_counter() - began
            except OSError:
                assert server.poll() is None, "kedro viz ended"
                time.sleep(0.1)
    finally:
        os.killpg(server.pid, 9)
        server.wait()


def pretend(folder: Path) -> None:
    """Small files in the place of everything that a stage makes, recorded as its results."""
    files = sorted(folder.glob("dvc/raw/dvc.yaml")) + sorted(folder.glob("dvc/cpu/*/dvc.yaml"))
    files += [folder / "dvc/code/dvc.yaml"]
    run(folder, "kedro", "hash-code")
    for file in files:
        for stage in yaml.safe_load(file.read_text())["stages"].values():
            for out in stage["outs"]:
                path = folder / (out if isinstance(out, str) else next(iter(out)))
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.exists():
                    path.write_text(path.as_posix())
    run(folder, "git", "init", "--quiet")
    run(folder, "dvc", "init", "--quiet")
    shutil.rmtree(folder / "dvc/paper")
    run(folder, "dvc", "commit", "--force", "--quiet", *map(str, files))


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        thousand = copy(Path(place, "thousand"), "smoke", 1000)
        listed = run(thousand, "kedro", "registry", "list")
        seen = opened(thousand, PORT, "--pipeline", "jgan")
        everything = opened(thousand, PORT + 1)
        done = copy(Path(place, "done"), "cpu", 400)
        run(done, "kedro", "export-dvc")
        (done / "dvc.yaml").unlink()  # the smoke scale's
        pretend(done)
        repeated = run(done, "dvc", "repro", "--all-pipelines", "--quiet")
    print(f"1,000 runs: listed in {listed:.1f} s, at most {LISTED:.0f}")
    print(f"1,000 runs: opened by Kedro-Viz in {seen:.1f} s, at most {OPENED:.0f}")
    print(f"... with every pipeline beside their paper's: {everything:.1f} s")
    print(f"400 runs, all done: dvc repro in {repeated:.1f} s, at most {REPEATED:.0f}")
    return int(listed > LISTED or seen > OPENED or repeated > REPEATED)


if __name__ == "__main__":
    sys.exit(main())
