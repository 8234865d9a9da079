"""Kedro-Viz's static site of a finished project, opened in headless Chromium without a network."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from browser import browse
from tiny_project import Project


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(project: Project) -> Iterator[str]:
    """The address of the site of a project whose runs are done."""
    project.run("kedro", "run")
    project.run("kedro", "viz", "build", "--include-previews")
    folder = partial(Quiet, directory=str(project.root / "build"))
    with ThreadingHTTPServer(("127.0.0.1", 0), folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_site_shows_papers_and_steps_by_name(site: str, project: Project, tmp_path: Path):
    assert (project.root / "build/report/smoke.html").is_file()  # the site stands beside it
    dom = browse(
        f"{site}/?pid=jgan", tmp_path / "profile",
        "--window-size=1900,1150", "--virtual-time-budget=20000", "--dump-dom",
    )  # fmt: skip
    body = dom[dom.index("<body") :]
    for name in ("jgan", "data", "labels", "jgan_table_1a"):
        assert f">{name}<" in body, name
    graph = json.loads((project.root / "build/api/main").read_text(encoding="utf-8"))
    assert {"models", "tables"} <= set(graph["layers"])  # empty where layers go in a circle
