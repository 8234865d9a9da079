"""Tiny projects for tests that run the real commands."""

from pathlib import Path

import pytest

from tiny_project import Project, tiny_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A tiny project with its lock and dvc.yaml written."""
    made = tiny_project(tmp_path / "project")
    made.run("kedro", "lock")
    return made


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny project under git and DVC, for tests that follow each other."""
    made = tiny_project(tmp_path_factory.mktemp("dvc") / "project")
    made.run("kedro", "lock")
    made.run("kedro", "export-dvc")
    made.run("git", "init", "--quiet")
    made.run("dvc", "init", "--quiet")
    made.run("dvc", "config", "core.analytics", "false")
    made.commit("a tiny project")
    return made
