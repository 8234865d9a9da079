"""A Debian package that holds the files."""

from pathlib import Path

from gan_repro import processes
from gan_repro.errors import SourceError
from gan_repro.kinds import Spec
from gan_repro.processes import Report


class Settings(Spec):
    """package : as Debian names it; any version."""

    package: str


def deliver(settings: Settings, work: Path, report: Report) -> Path:
    """Download the package with apt-get and unpack it; nothing is installed, no rights needed.

    Where this machine has no (current) package lists, they are fetched into ``work``.
    """
    apt = ["apt-get", "-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15"]
    apt += ["-o", "APT::Sandbox::User=root"]  # without effect for any other user
    try:
        processes.run([*apt, "download", settings.package], work, report)
    except SourceError:
        for folder in ("lists/partial", "cache/archives/partial"):
            (work / folder).mkdir(parents=True)
        apt += ["-o", f"Dir::State::Lists={work}/lists", "-o", f"Dir::Cache={work}/cache"]
        processes.run([*apt, "update"], work, report)
        processes.run([*apt, "download", settings.package], work, report)
    for archive in sorted(work.glob("*.deb")):
        processes.run(["dpkg-deb", "-x", str(archive), "unpacked"], work, report)
    return work
