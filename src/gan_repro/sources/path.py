"""A folder on this machine."""

import os
import re
from pathlib import Path

from gan_repro.errors import SourceError
from gan_repro.kinds import Spec
from gan_repro.processes import Report


class Settings(Spec):
    """path : a folder; ``$NAME`` stands for an environment variable, ``~`` for the home folder."""

    path: str


def deliver(settings: Settings, work: Path, report: Report) -> Path:
    """The folder itself; nothing in it is changed."""
    path = os.path.expanduser(os.path.expandvars(settings.path))
    unset = re.search(r"\$\{?(\w+)", path)
    if unset:
        raise SourceError(f"the environment variable {unset[1]} is not set")
    if not Path(path).is_dir():
        raise SourceError(f"{path} is not a folder")
    return Path(path)
