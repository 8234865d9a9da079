"""The lock: every run of a scale, fully resolved, in small generated files that git keeps.

``conf/<scale>/runs/<paper>/<family>.yml`` follows from ``conf/papers/*.yml`` and
``conf/scales/<scale>.yml``. A changed default shows as a diff, and makes exactly its runs stale.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gan_repro import atomic
from gan_repro.errors import ConfigurationError, StaleLockError
from gan_repro.papers import read_paper
from gan_repro.resolution import resolve, resolve_shared
from gan_repro.scales import read_scale

HEADER = "# Every run of this family, resolved. Written by `kedro lock`; do not edit.\n"
SHARED = "shared"
"""The pseudo-paper of runs that no paper owns: instruments, such as data sets' classifiers."""


class LockedRun(NamedTuple):
    """One run as the lock holds it; ``train`` is a ``RunSpec`` as a dict, not validated again.

    parts : for a run that is made of others, their keys as ``runs``, and where it is the best of
        them, what it is selected by as ``select``.
    """

    paper: str
    family: str
    condition: str
    seed: str
    train: dict[str, Any]
    evaluate: list[str]
    parts: Mapping[str, Any] = {}

    @property
    def key(self) -> str:
        """``paper.family.condition.seed``: names the folder, the catalog entries and the state."""
        return f"{self.paper}.{self.family}.{self.condition}.{self.seed}"

    @property
    def trained(self) -> bool:
        """Whether anything is trained; else real images, or those of other runs, are scored."""
        return bool(self.train["method"])

    @property
    def shows_real(self) -> bool:
        """Whether real images stand in the place of a generator's."""
        return not self.trained and not self.parts

    @property
    def leaves(self) -> tuple[str, ...]:
        """What the run leaves, by the last part of its catalog entries."""
        made = ("snapshots", "history", "provenance") if self.trained else ()
        return (*made, *(("scores", "sheet") if self.evaluate else ()))


class _Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """YAML without anchors: a repeated list is written out, so that a diff shows it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def scales(conf: Path) -> list[str]:
    """The names of the scales under ``conf/scales``."""
    return sorted(path.stem for path in (conf / "scales").glob("*.yml"))


def lock_file(conf: Path, scale: str, paper: str, family: str) -> Path:
    """Where the runs of a family are locked."""
    return conf / scale / "runs" / paper / f"{family}.yml"


def expected(conf: Path, scale: str) -> dict[Path, str]:
    """The lock files of a scale and what they must hold.

    Raises
    ------
    ConfigurationError
        When a paper or the scale asks for what cannot be; all faults of all papers at once.
    """
    spec = read_scale(conf / "scales" / f"{scale}.yml")
    files: dict[Path, str] = {}
    faults: list[str] = []
    for path in [None, *sorted((conf / "papers").glob("*.yml"))]:
        try:
            runs = resolve(read_paper(path), spec) if path else resolve_shared(spec)
        except ConfigurationError as error:
            faults.append(str(error))
            continue
        for family, conditions in runs.items():
            name = lock_file(conf, scale, path.stem if path else SHARED, family)
            files[name] = HEADER + dump(conditions)
    if faults:
        raise ConfigurationError("\n".join(faults))
    return files


def dump(content: Any) -> str:
    """YAML with one short line a fact; the same content gives the same text."""
    return yaml.dump(content, Dumper=_Plain, sort_keys=False, default_flow_style=None, width=100)


def write(conf: Path, scale: str) -> list[Path]:
    """Bring the lock of a scale up to date; returns the files written or removed."""
    files = expected(conf, scale)
    changed = [path for path, text in files.items() if _text(path) != text]
    superfluous = sorted(_present(conf, scale) - set(files))
    for path in changed:
        atomic.write_text(path, files[path])
    for path in superfluous:
        path.unlink()
    return changed + superfluous


def check(conf: Path, scale: str) -> None:
    """Refuse a lock that does not follow from papers and scale.

    Raises
    ------
    StaleLockError
        Naming every missing, stale and superfluous file, and the first fields that differ.
    """
    files = expected(conf, scale)
    present = _present(conf, scale)
    faults = [f"{path}: missing" for path in files if path not in present]
    faults += [f"{path}: superfluous" for path in sorted(present - set(files))]
    for path, text in files.items():
        if path in present and _text(path) != text:
            faults.append(f"{path}: stale: {_difference(path, text)}")
    if faults:
        raise StaleLockError(
            f"the lock of scale {scale!r} does not follow from conf/papers and conf/scales:\n  "
            + "\n  ".join(faults)
            + f"\nRun `kedro lock --env {scale}`, look at the diff, and commit it."
        )


def read_runs(conf: Path, scale: str) -> tuple[LockedRun, ...]:
    """Every locked run of a scale, in the files' order; fast, and trusting ``check``.

    Raises
    ------
    ConfigurationError
        When the scale has no lock.
    """
    folder = conf / scale / "runs"
    if not folder.is_dir():
        raise ConfigurationError(
            f"{folder}: scale {scale!r} has no resolved runs. "
            f"Known scales: {', '.join(scales(conf))}. Write them with `kedro lock --env {scale}`."
        )
    return tuple(
        LockedRun(
            path.parent.name,
            path.stem,
            condition,
            seed,
            entry["train"],
            entry["evaluate"],
            entry.get("parts", {}),
        )
        for path in sorted(folder.glob("*/*.yml"))
        for condition, seeds in load_fast(path).items()
        for seed, entry in seeds.items()
    )


def load_fast(path: Path) -> dict[str, Any]:
    """A YAML mapping through libyaml where it is there: ten times faster than Python's reader."""
    return load_text(path.read_text(encoding="utf-8"))


def load_text(text: str) -> dict[str, Any]:
    """A YAML mapping; empty for an empty text."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """The fields in which two nested configurations differ: ``a.b: 1 -> 2``."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            inner = f"{where}.{name}" if where else str(name)
            if name not in old:
                yield f"{inner}: new"
            elif name not in new:
                yield f"{inner}: gone"
            else:
                yield from differences(old[name], new[name], inner)
    elif old != new:
        yield f"{where}: {old!r} -> {new!r}"


def _difference(path: Path, text: str, most: int = 4) -> str:
    try:
        found = list(differences(load_fast(path), load_text(text)))
    except yaml.YAMLError as error:
        return f"not valid YAML ({error})"
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return ("; ".join(found[:most]) or "same content, written differently") + more


def _present(conf: Path, scale: str) -> set[Path]:
    return set((conf / scale / "runs").glob("*/*.yml"))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
