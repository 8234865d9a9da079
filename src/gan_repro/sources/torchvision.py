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
try:
    getattr(datasets, sys.argv[1])(root=sys.argv[2], download=True)
except Exception as problem:
    sys.exit(f"{type(problem).__name__}: {problem}")
"""


class Settings(Spec):
    """dataset : the name of a class in ``torchvision.datasets`` that can download itself."""

    dataset: str


def deliver(settings: Settings, work: Path, report: Report) -> Path:
    """Let the class download, and check against torchvision's own md5 list."""
    arguments = [settings.dataset, str(work), str(SOCKET_SECONDS)]
    processes.run([sys.executable, "-c", _DOWNLOAD, *arguments], work, report)
    return work
