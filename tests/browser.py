"""A real headless Chromium, without a network beyond this machine."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def chromium() -> str:
    """The browser's path; without one, an error that says how to install it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise AssertionError(
            "this test opens a page in Chromium, which is not installed; "
            "on Debian: apt-get update && apt-get install -y chromium"
        )
    return found


def browse(address: str, profile: Path, *options: str) -> str:
    """Open an address with a new profile and return what Chromium prints."""
    command = [chromium(), *FLAGS, f"--user-data-dir={profile}", *options, address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    return done.stdout


@contextmanager
def driven(profile: Path, *options: str) -> Iterator[Chrome]:
    """A Chromium with a profile of its own that a test clicks and types in."""
    found = shutil.which("chromedriver")
    if not found:
        raise AssertionError(
            "this test drives Chromium by chromedriver, which is not installed; "
            "on Debian: apt-get update && apt-get install -y chromium-driver"
        )
    wanted = ChromeOptions()
    wanted.binary_location = chromium()
    for option in (*FLAGS, f"--user-data-dir={profile}", *options):
        wanted.add_argument(option)
    browser = Chrome(options=wanted, service=ChromeService(found))
    try:
        yield browser
    finally:
        browser.quit()
