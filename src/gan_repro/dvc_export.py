"""dvc.yaml, written from pipelines and catalog, so that the two cannot drift apart.

The top-level file is smoke scale, a stage a namespace: a plain `dvc repro` ends in minutes. The
other scales have ``dvc/<scale>/<paper>/dvc.yaml`` with a stage a node: one training, one evaluation
a run. ``dvc/raw`` fetches raw files and ``dvc/code`` hashes the code, for all scales.
"""

from collections.abc import Iterable
from pathlib import Path

from gan_repro import atomic, dvc_stages, locks
from gan_repro.campaign import read_campaign
from gan_repro.errors import StaleLockError

HEADER = "# Written by `kedro export-dvc`; do not edit.\n"


def expected(root: Path) -> dict[Path, str]:
    """Every dvc.yaml, relative to the project's folder, and what it must hold.

    Raises
    ------
    ConfigurationError
        When a pipeline reads or writes something that has no file.
    """
    conf = root / "conf"
    files = {
        Path("dvc/raw/dvc.yaml"): dvc_stages.raw_stages(conf),
        Path("dvc/code/dvc.yaml"): dvc_stages.code_stage(),
    }
    for scale in locks.scales(conf):
        files |= dvc_stages.Stages(root, read_campaign(conf, scale)).files()
    return {path: HEADER + locks.dump({"stages": stages}) for path, stages in files.items()}


def write(root: Path) -> list[Path]:
    """Bring every dvc.yaml up to date; returns those that were written or removed."""
    files = expected(root)
    changed = [path for path, text in files.items() if _text(root / path) != text]
    superfluous = _superfluous(root, files)
    for path in changed:
        atomic.write_text(root / path, files[path])
    for path in superfluous:
        (root / path).unlink()
    return changed + superfluous


def check(root: Path) -> None:
    """Refuse a dvc.yaml that does not follow from pipelines and catalog.

    Raises
    ------
    StaleLockError
        Naming each file and the stages that differ.
    """
    files = expected(root)
    faults = [f"{path}: superfluous" for path in _superfluous(root, files)]
    for path, text in files.items():
        found = _text(root / path)
        if not found:
            faults.append(f"{path}: missing")
        elif found != text:
            faults.append(f"{path}: stale: {_difference(root / path, text)}")
    if faults:
        raise StaleLockError(
            "dvc.yaml does not follow from pipelines, catalog and code:\n  "
            + "\n  ".join(faults)
            + "\nRun `kedro export-dvc` and commit the result."
        )


def _superfluous(root: Path, files: Iterable[Path]) -> list[Path]:
    present = {path.relative_to(root) for path in (root / "dvc").glob("**/dvc.yaml")}
    return sorted(present - set(files))


def _difference(path: Path, text: str) -> str:
    old, new = locks.load_fast(path)["stages"], locks.load_text(text)["stages"]
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"stages {', '.join(names[:3])}{more}" if names else "same stages, written differently"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
