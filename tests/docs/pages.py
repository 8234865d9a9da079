"""Pages that run: fenced blocks marked ``test`` are executed, and what pages promise is checked.

The words after the three backticks say what a block is:
    bash test               run by bash in the project's folder; it must succeed
    bash test fails         must fail
    python test             run by Python in the project's folder; it must succeed
    python test file=PATH   becomes the file PATH (yaml test file=PATH, ...)
    diff test               applied to the project
    text said               lines that the block before must have said; ``...`` is anything
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tiny_project import Project

_FENCE = re.compile(r"^```(?P<mark>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its words, its text, and the line on which it begins."""

    words: tuple[str, ...]
    body: str
    line: int

    @property
    def file(self) -> str:
        """The file that the block becomes, or ""."""
        names = [word.removeprefix("file=") for word in self.words if word.startswith("file=")]
        return names[0] if names else ""


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that are executed or checked, in order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        words = tuple(match["mark"].split())
        if words[1:2] in [("test",), ("said",)]:
            yield Block(words, match["body"], text[: match.start()].count("\n") + 1)


def play(page: Path, project: Project) -> int:
    """Execute a page in a project; returns how many blocks were run."""
    said, ran = "", 0
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        if block.words[1] == "said":
            _check(block, said, where)
        else:
            said, ran = _execute(block, project), ran + 1
    return ran


def _execute(block: Block, project: Project) -> str:
    language, fails = block.words[0], "fails" in block.words
    if block.file:
        path = project.root / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.body, encoding="utf-8")
        return ""
    if language == "bash":
        return project.run("bash", "-euo", "pipefail", "-c", block.body, fails=fails)
    if language == "python":
        return project.run("python", "-W", "error", "-c", block.body, fails=fails)
    if language == "diff":
        change = f"printf %s {shlex.quote(block.body)} | git apply --recount --unidiff-zero"
        return project.run("bash", "-euo", "pipefail", "-c", change)
    raise ValueError(f"line {block.line}: nobody knows how to run {language!r}")


def _check(block: Block, said: str, where: str) -> None:
    for line in filter(None, map(str.strip, block.body.splitlines())):
        pattern = ".*".join(re.escape(part) for part in line.split("..."))
        assert re.search(pattern, said), f"{where}: nobody said {line!r}, but:\n{said[-3000:]}"
