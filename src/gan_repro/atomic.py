"""Files and folders that appear whole or not at all, whenever the process or the disk gives up."""

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gan_repro.errors import DataError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when a disk, a quota or a file-size limit is reached."""


def write_bytes(path: Path | str, data: bytes) -> None:
    """Make ``path`` hold exactly ``data``; a reader sees the old bytes or the new ones."""
    with replacing(path, room=len(data)) as part:
        part.write_bytes(data)


def write_text(path: Path | str, text: str) -> None:
    """Make ``path`` hold exactly ``text``, in UTF-8."""
    write_bytes(path, text.encode())


@contextmanager
def replacing(path: Path | str, room: int | None = None) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; its file or folder becomes ``path`` on success.

    The temporary path does not exist yet and keeps the suffix of ``path``. It is removed on
    failure; what a killed process left is removed by the next writer of the same path. A file is
    replaced in one step; for a folder there is an instant with neither the old nor the new one.
    room : bytes that are about to be written, for the message when the disk is full.

    Raises
    ------
    DataError
        When the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_orphans(path)
    part = _beside(path, os.getpid())
    try:
        with full_disk_is_an_error(path, room):
            yield part
            _sync(part)
            _move(part, path)
    finally:
        remove(part)


@contextmanager
def full_disk_is_an_error(path: Path, room: int | None = None) -> Iterator[None]:
    """Turn the system's "no space left" into a DataError that says how much room is needed."""
    try:
        yield
    except OSError as problem:
        if problem.errno in FULL:
            raise no_room(path, room) from problem
        raise


def no_room(path: Path, room: int | None = None) -> DataError:
    """The error of a disk that cannot hold ``path``.

    room : bytes needed, if known.
    """
    folder = next(p for p in (path, *path.absolute().parents) if p.is_dir())
    free = shutil.disk_usage(folder).free
    needed = f"about {_megabytes(room)} are needed" if room else "more is needed"
    return DataError(
        f"{path}: cannot be written, the disk or its quota is full: {needed}, "
        f"{_megabytes(free)} are free in {folder}. Nothing half-written was left; "
        "free some room or choose another disk, then run the same command again."
    )


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _megabytes(count: int) -> str:
    return f"{max(count / 1e6, 0.1):,.1f} MB" if count else "0 MB"


def _beside(path: Path, process: int, old: str = "") -> Path:
    stem = f".{path.stem}.{socket.gethostname()}-{process}{old}.part"
    return path.with_name(stem + path.suffix)


def _remove_orphans(path: Path) -> None:
    start = f".{path.stem}.{socket.gethostname()}-"
    for orphan in path.parent.iterdir():
        if orphan.name.startswith(start) and orphan.name.endswith(f".part{path.suffix}"):
            process = orphan.name.removeprefix(start).split(".")[0].removesuffix("old")
            if process.isdecimal() and not _alive(int(process)):
                remove(orphan)


def _alive(process: int) -> bool:
    if process == os.getpid():
        return False  # our own name, left by a process that had this number before us
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path) -> None:
    for inner in path.rglob("*") if path.is_dir() else ():
        if inner.is_file():
            _sync_one(inner)
    _sync_one(path)


def _sync_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _move(part: Path, path: Path) -> None:
    if path.is_dir():  # a folder with files in it cannot be renamed over
        old = _beside(path, os.getpid(), "old")
        os.rename(path, old)
        os.rename(part, path)
        remove(old)
    else:
        os.replace(part, path)
    with suppress(OSError):  # some network file systems cannot sync a folder
        _sync_one(path.parent)
