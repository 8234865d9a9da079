"""torchvision's own download."""

import sys
from pathlib import Path

from gan_repro import processes
from gan_repro.kinds import Spec
from gan_repro.processes import Report

SOCKET_SECONDS = 15

# In a process of its own: it can be stopped, its progress bar and its time-out stay its own.
_DOWNLOAD = """
import socket, sys
socket.setdefaulttimeout(float(sys.argv[3]))
from torchvision import datasets
make, root, splits = getattr(datasets, sys.argv[1]), sys.argv[2], sys.argv[4:]
try:
    for asked in [{"split": split} for split in splits] or [{}]:
        make(root=root, download=True, **asked)
except Exception as problem:
    sys.exit(f"{type(problem).__name__}: {problem}")
"""


class Settings(Spec):
    """Which class is asked, and for what.

    dataset : the name of a class in ``torchvision.datasets`` that can download itself.
    splits : the splits that it is asked for one by one; empty where one call brings all files.
    """

    dataset: str
    splits: tuple[str, ...] = ()


def deliver(settings: Settings, work: Path, report: Report) -> Path:
    """Let the class download, and check against torchvision's own md5 list."""
    arguments = [settings.dataset, str(work), str(SOCKET_SECONDS), *settings.splits]
    processes.run([sys.executable, "-c", _DOWNLOAD, *arguments], work, report)
    return work
