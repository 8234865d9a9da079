"""Pages are executed, block by block, in a copy of this project whose runs last a round."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from pages import blocks, play

from gan_repro import locks
from tiny_project import ROOT, Project

PAGES = sorted(page for page in (ROOT / "docs").rglob("*.md") if any(blocks(page)))
COPIED = ("conf", "src", "dvc.yaml", "pyproject.toml", "README.md")
COPIED += (".telemetry", ".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore")
SHORTER = {
    ": 0.0005": ": 0.00001",  # 1 round
    "rounds: 300, batch_size: 64": "rounds: 20, batch_size: 64",
}
READERS_OWN = [f"GAN_REPRO_{name}" for name in ("INCEPTION", "RAW", "DATA", "STATE")]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """This project under a git of its own, with shorter runs at smoke scale."""
    root = tmp_path_factory.mktemp("documents") / "project"
    for name in COPIED:
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    _shorten(root / "conf/scales/smoke.yml")
    locks.write(root / "conf", "smoke")
    project = Project(root)
    project.run("python", "-m", "compileall", "-q", "src")  # once, not in each page's copy
    project.run("git", "init", "--quiet")
    project.commit("a copy")
    return project


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, copied: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Path, "Future[int]"]]:
    """The chosen pages, each played in a copy of its own, two at a time."""
    name = test_a_page_does_what_it_says.__name__
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    chosen = [item.callspec.params["page"] for item in items if item.originalname == name]
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        for variable in READERS_OWN:
            patch.delenv(variable, raising=False)
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "reader")
            patch.setenv(f"GIT_{who}_EMAIL", "reader@localhost")
        folders = {page: tmp_path_factory.mktemp(page.stem) / "project" for page in chosen}
        projects = {p: Project(shutil.copytree(copied.root, to)) for p, to in folders.items()}
        yield {page: pool.submit(play, page, projects[page]) for page in chosen}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, played: dict[Path, "Future[int]"]) -> None:
    assert played[page].result() > 0


def test_the_pages_that_can_be_executed_are_there() -> None:
    assert {page.stem for page in PAGES} >= {
        "add-a-data-set",
        "add-a-method",
        "add-a-metric",
        "add-a-table",
        "bring-data-and-weights",
        "jgan",
        "pitfalls",
        "resume-a-run",
        "run-a-table",
        "run-a-turing-test",
        "share-results-with-dvc",
        "use-weak-labels",
    }


@pytest.mark.parametrize(
    "text",
    [
        "```bash test\nexit 3\n```\n",
        "```bash test fails\ntrue\n```\n",
        "```python test\nimport warnings; warnings.warn('old')\n```\n",
        "```bash test\necho one\n```\n\n```text said\ntwo\n```\n",
    ],
)
def test_a_page_that_promises_too_much_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(AssertionError):
        play(page, Project(tmp_path))


def test_only_marked_blocks_are_executed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```bash\nexit 1\n```\n\n```bash test\necho a b c\n```\n\n```text said\na...c\n```\n"
    )
    assert [block.line for block in blocks(page)] == [5, 9]
    assert play(page, Project(tmp_path)) == 1


def _shorten(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for found, shorter in SHORTER.items():
        assert found in text, f"{path.name} no longer says {found!r}; change SHORTER in this test"
        text = text.replace(found, shorter)
    path.write_text(text, encoding="utf-8")
