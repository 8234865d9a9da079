"""Every link between pages leads somewhere, and no page says what only one machine knows."""

import re
from pathlib import Path

import pytest

from gan_repro import kinds
from gan_repro.papers import read_paper
from tiny_project import ROOT

WRITTEN = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
PAGES = sorted([ROOT / name for name in WRITTEN] + [*(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]+)(?:#([^)\s]*))?\)")
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users|mnt)/\w|[\w-]+\.internal\b")


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    prose = _CODE.sub("", page.read_text(encoding="utf-8"))
    return [link for link, part in _LINK.findall(prose) if not _leads(page.parent / link, part)]


def _leads(target: Path, part: str) -> bool:
    if not part or target.suffix != ".md":
        return target.exists()
    text = target.read_text(encoding="utf-8") if target.is_file() else ""
    return part in {_anchor(heading) for heading in _HEADING.findall(text)}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# One, two\n")
    page = tmp_path / "a.md"
    page.write_text("[x](b.md) [y](c.md) [z](b.md#one-two) [v](b.md#three) `[w](d.md)`")
    assert broken(page) == ["c.md", "b.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_place_on_one_machine(page: Path) -> None:
    assert not _MACHINE.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "paper", sorted((ROOT / "conf/papers").glob("*.yml")), ids=lambda p: p.stem
)
def test_a_papers_page_names_its_methods_and_tables(paper: Path) -> None:
    spec = read_paper(paper)
    text = (ROOT / f"docs/papers/{paper.stem}.md").read_text(encoding="utf-8")
    methods = {family.method["kind"] for family in spec.families.values() if family.method}
    assert [name for name in sorted(methods) if f"`{name}`" not in text] == []
    assert [table.source for table in spec.tables.values() if table.source not in text] == []


def test_the_readme_names_every_data_set_and_method() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = [*kinds.names("methods"), *kinds.names("datasets")]
    assert [name for name in named if f"`{name}`" not in text] == []
