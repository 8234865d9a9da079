"""Raw files of a data set: bring them, check them, read them."""

import fcntl
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_repro import atomic, datacard, kinds
from gan_repro.datacard import DataCard, FileFacts
from gan_repro.errors import ChecksumError, SourceError
from gan_repro.images import ImageSet
from gan_repro.processes import Report

_BLOCK = 1 << 20


def fetch(name: str, raw_root: Path, conf_root: Path, report: Report | None = None) -> Path:
    """The folder ``raw_root/name`` with every file of conf/datasets/<name>.yml, each checked.

    Sources are tried in order until every file is there; right files are kept, wrong ones replaced.
    Interrupt and repeat it at will: a file gets its name only once its sha256 is right.
    report : told what goes on; by default progress is shown on the terminal.

    Raises
    ------
    SourceError
        When no source could deliver; it lists what each said and what to do.
    DataError
        When the disk is full.
    """
    card = datacard.read_card(name, conf_root)
    folder = Path(raw_root).absolute() / name  # programs run in a folder of their own
    if not card.files:
        return folder
    if report is None:
        with progress() as shown:
            return fetch(name, raw_root, conf_root, shown)
    with atomic.full_disk_is_an_error(folder, card.room), _alone_in(folder.parent, report):
        work = folder.with_name(f".{name}.partial")
        atomic.remove(work)  # what a killed process left
        try:
            _try_sources(name, card, folder, work, report)
        finally:
            atomic.remove(work)
    return folder


def load(name: str, split: str, raw_root: Path, conf_root: Path) -> ImageSet:
    """``read_split`` of the folder ``raw_root/name`` with the card in ``conf_root``."""
    return read_split(name, split, Path(raw_root) / name, datacard.read_card(name, conf_root))


def read_split(name: str, split: str, folder: Path, card: DataCard) -> ImageSet:
    """A split of the data set ``name``: files checked, read, and their content checked.

    Raises
    ------
    SourceError
        When files are missing (the message says how to fetch them).
    ChecksumError
        When a file differs from the recorded one.
    DataError
        When the content is not what the card says.
    """
    absent = [file for file in card.files if not (folder / file).is_file()]
    if absent:
        raise SourceError(
            f"{folder}: {', '.join(absent)} of data set {name!r} cannot be found. "
            f"Run `kedro fetch {name}`."
        )
    for file, facts in card.files.items():
        fault = _fault(folder / file, facts)
        if fault:
            raise ChecksumError(
                f"{folder / file}: {fault}. Run `kedro fetch {name}` to replace it."
            )
    return datacard.check(kinds.find("datasets", name).read(folder, split), card, split)


@contextmanager
def progress() -> Iterator[Report]:
    """A progress display on the terminal's error stream."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("fetch", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield report


def _try_sources(name: str, card: DataCard, folder: Path, work: Path, report: Report) -> None:
    wanted = {file: facts for file, facts in card.files.items() if _fault(folder / file, facts)}
    said = []
    for source in card.sources:
        if not wanted:
            return
        label = ", ".join(str(value) for value in source.values())
        try:
            report(f"{name}: {label}", 0, 0)
            work.mkdir(parents=True)
            module = kinds.find("sources", source["kind"])
            found = module.deliver(datacard.source_settings(source), work, report)
            faults = _collect(found, wanted, folder, work, report)
        except SourceError as problem:
            faults = [str(problem)]
        finally:
            atomic.remove(work)
        said += [f"  {label}: {fault}" for fault in faults]
        wanted = {file: facts for file, facts in wanted.items() if _fault(folder / file, facts)}
    if wanted:
        raise SourceError(_advice(name, wanted, folder, said))


def _collect(
    found: Path, wanted: dict[str, FileFacts], folder: Path, work: Path, report: Report
) -> list[str]:
    """Move what is right into ``folder``; return what is wrong."""
    faults = []
    for file, facts in wanted.items():
        candidates = sorted({*found.rglob(file), *found.rglob(f"{file}.gz")})
        said = [] if candidates else [f"{file}: is not among its files"]
        for candidate in candidates:
            copy = work / "checked" / file
            copy.parent.mkdir(exist_ok=True)
            fault = _copy(candidate, copy, facts, report) or _fault(copy, facts)
            if not fault:
                folder.mkdir(exist_ok=True)
                os.replace(copy, folder / file)
                said = []
                break
            said.append(f"{candidate.name}: {fault}")
        faults += said
    return faults


def _copy(source: Path, copy: Path, facts: FileFacts, report: Report) -> str:
    """Copy a file, unpacking gzip, to the disk itself; return what is wrong with it, or ""."""
    opener = gzip.open if source.suffix == ".gz" and copy.suffix != ".gz" else open
    try:
        with opener(source, "rb") as packed, copy.open("wb") as plain:
            while block := packed.read(_BLOCK):
                plain.write(block)
                report(copy.name, plain.tell(), facts.bytes)
            plain.flush()
            os.fsync(plain.fileno())
    except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
        return f"the archive is truncated or damaged ({problem})"
    return ""


def _fault(path: Path, facts: FileFacts) -> str:
    """What is wrong with a file, or ""."""
    if not path.is_file():
        return "there is no such file"
    size = path.stat().st_size
    if size != facts.bytes:
        kind = "truncated" if size < facts.bytes else "too long"
        return f"it is {kind}: {size:,} bytes, expected {facts.bytes:,}"
    with path.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    return "" if found == facts.sha256 else f"its sha256 is {found}, expected {facts.sha256}"


@contextmanager
def _alone_in(folder: Path, report: Report) -> Iterator[None]:
    """Hold ``folder`` until done; another process that fetches into it is waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        report("waiting for another fetch to end", 0, 0)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _advice(name: str, wanted: dict[str, FileFacts], folder: Path, said: list[str]) -> str:
    return "\n".join(
        [
            f"{name}: no source could deliver {', '.join(wanted)}. What each said:",
            *(said or ["  (conf/datasets names no source)"]),
            f"Connect to the network and run `kedro fetch {name}` again; or bring the files by "
            f"other means, put them (plain or .gz) into a folder $GAN_REPRO_RAW/{name}, and run it "
            f"again. They end up in {folder}; their sha256 stand in conf/datasets/{name}.yml.",
        ]
    )
