"""Run another program, watch its folder grow, and never leave it running."""

import errno
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from gan_repro.errors import SourceError

Report = Callable[[str, int, int], None]
"""Called with what is being done, the bytes done, and the bytes to do (0 if unknown)."""

STALLED = 60.0
"""Seconds without a new byte after which a program is given up."""

_FULL = re.compile(r"ENOSPC|No space left|enough free space|Disk quota|File too large|EFBIG")


def run(command: list[str], folder: Path, report: Report, patience: float = STALLED) -> None:
    """Run ``command`` in ``folder`` until it ends; its whole process group ends with us.

    Raises
    ------
    SourceError
        When the program is missing, fails (with the end of what it said) or stalls.
    OSError
        ENOSPC, when the program says that the disk is full.
    """
    name = command[0].rsplit("/", 1)[-1]
    if shutil.which(command[0]) is None:
        raise SourceError(f"the program {name!r} is not installed")
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            said = _wait(child, name, folder, report, patience)
        finally:
            _end(child)
    if child.returncode != 0:
        _fail(name, child.returncode, said)


def _wait(
    child: subprocess.Popen[str], name: str, folder: Path, report: Report, patience: float
) -> str:
    size, grown = -1, time.monotonic()
    while True:
        try:
            return child.communicate(timeout=0.25)[0]
        except subprocess.TimeoutExpired:
            now = _size(folder)
            if now != size:
                size, grown = now, time.monotonic()
                report(name, size, 0)
            if time.monotonic() - grown > patience:
                raise SourceError(f"{name} delivered nothing for {patience:g} seconds") from None


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _fail(name: str, code: int, said: str) -> None:
    if code == -signal.SIGXFSZ or _FULL.search(said):
        raise OSError(errno.ENOSPC, f"{name} found no room on the disk")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    raise SourceError(f"{name} ended with code {code}: " + (" / ".join(lines[-4:]) or "no message"))


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:  # renamed by the program between the listing and the look
            continue
    return total
