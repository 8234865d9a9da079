"""A whole project at a tiny scale in a folder of its own, with the real conf, code and commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
COPIED = ("conf", "src", "pyproject.toml", "README.md", ".telemetry", ".gitignore", ".dvcignore")
KEPT = {
    "table_1a": (("unsupervised", "joint"), ("noise00", "noise40")),
    "table_1b": (("conditional_norm",), ("noise00", "noise40")),
    "table_2": (("real", "jgan_clusters"), ("cifar10_is", "cifar10_fid")),
}
"""Table -> the rows and the columns that stay."""
FAMILIES = (
    "cifar10_sngan", "cifar10_jgan", "cifar100_projection_cbn", "cifar10_real", "cifar10_jgan_weak",
)  # fmt: skip
CONDITIONS = ("clean", "noise00", "noise40", "clusters")


class Project:
    """A project's folder, and commands in it."""

    def __init__(self, root: Path):
        self.root = root

    def run(self, *command: str, fails: bool = False) -> str:
        """Run a command with this project's code; returns what it said."""
        done = subprocess.run(
            command, cwd=self.root, env=self._environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, f"{' '.join(command)}:\n{said}"
        return said

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command that runs on; what it says comes through ``stdout``."""
        return subprocess.Popen(
            command, cwd=self.root, env=self._environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(self.root / "src"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "200",
            "KEDRO_ENV": "",
        }

    def read(self, path: str) -> Any:
        """A YAML or JSON file."""
        return yaml.safe_load((self.root / path).read_text(encoding="utf-8"))

    def write(self, path: str, content: Any) -> None:
        """A YAML file."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def commit(self, message: str) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "--all")
        identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
        self.run("git", *identity, "commit", "--quiet", "--allow-empty", "-m", message)


def tiny_project(root: Path) -> Project:
    """A copy of this project with one scale, three small families and two small tables."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, root / name, ignore=ignored)
        elif source.is_file():
            shutil.copy(source, root / name)
    (root / "README.md").touch()
    project = Project(root)
    _shrink_paper(project)
    _shrink_scale(project)
    return project


def _shrink_paper(project: Project) -> None:
    for other in (project.root / "conf/papers").glob("*.yml"):
        if other.stem != "jgan":
            other.unlink()
    paper = project.read("conf/papers/jgan.yml")
    families = {name: paper["families"][name] for name in FAMILIES}
    for family in families.values():
        kept = {c: labels for c, labels in family["conditions"].items() if c in CONDITIONS}
        family["conditions"] = kept
        if family["method"]:
            family["snapshots"] = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    tables = {name: _shrunk(paper["tables"][name], *kept) for name, kept in KEPT.items()}
    panels = [
        [{"title": run, "run": run} for run in ("cifar10_real.clean", "cifar10_jgan.noise00")]
    ]
    figures = {**paper["figures"], "figure_4": {**paper["figures"]["figure_4"], "panels": panels}}
    del figures["figure_5"]
    kept = {"families": families, "tables": tables, "figures": figures}
    project.write("conf/papers/jgan.yml", {**paper, "anchors": None, "claims": {}, **kept})


def _shrunk(
    table: dict[str, Any], rows: tuple[str, ...], columns: tuple[str, ...]
) -> dict[str, Any]:
    kept = {}
    for name in rows:
        row = kept[name] = dict(table["rows"][name])
        row["cells"] = {c: cell for c, cell in row.get("cells", {}).items() if c in columns}
        if "printed" in row:
            printed = dict(zip(table["columns"], row["printed"].split(" | "), strict=True))
            row["printed"] = " | ".join(printed[column] for column in columns)
    return {**table, "rows": kept, "columns": {c: table["columns"][c] for c in columns}}


def _shrink_scale(project: Project) -> None:
    for scale in ("cpu", "paper"):
        shutil.rmtree(project.root / "conf" / scale)
        (project.root / "conf/scales" / f"{scale}.yml").unlink()
    scale = project.read("conf/scales/smoke.yml")
    scale["rounds_fraction"]["jgan"] = 0.00004  # 4 rounds
    scale["labels"] = {"clusters": {"extractor": "autoencoder"}}  # quicker than an ImageNet network
    scale["datasets"] = {"jgan": scale["datasets"]["jgan"]}
    scale["families"] = {}
    instruments = {name: scale["instruments"][name] for name in ("classifier", "autoencoder")}
    for instrument in instruments.values():
        instrument["rounds"] = 20
    instruments["classifier"]["datasets"] = {"digits": {}, "digit_pairs": {}}
    instruments["autoencoder"]["datasets"] = {"digits": {}}
    scale["instruments"] = instruments
    project.write("conf/scales/smoke.yml", scale)
