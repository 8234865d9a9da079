"""Tiny projects for tests that run the real commands."""

import shutil
from pathlib import Path

import pytest

from gan_repro import locks
from tiny_project import Project, tiny_project


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny project with its lock written, to be copied."""
    made = tiny_project(tmp_path_factory.mktemp("tiny") / "project")
    locks.write(made.root / "conf", "smoke")
    return made


@pytest.fixture
def project(template: Project, tmp_path: Path) -> Project:
    """A tiny project of a test's own."""
    return Project(shutil.copytree(template.root, tmp_path / "project"))


@pytest.fixture(scope="module")
def shared_project(template: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny project under git and DVC, for tests that follow each other."""
    folder = tmp_path_factory.mktemp("dvc") / "project"
    made = Project(shutil.copytree(template.root, folder))
    made.run("kedro", "export-dvc")
    made.run("git", "init", "--quiet")
    made.run("dvc", "init", "--quiet")
    made.run("dvc", "config", "core.analytics", "false")
    made.commit("a tiny project")
    return made
