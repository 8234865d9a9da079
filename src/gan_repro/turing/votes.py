"""Votes of people in one SQLite file: what is judged, who judges, pages, and answers.

A page is written before it is shown, so a rater who comes back gets the same images. The nine votes
of a page are written together, or none of them is.
"""

import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from gan_repro.errors import DataError
from gan_repro.turing.records import Page, Rater, Shown, Subject, Vote

VERSION = 1
"""Of the tables below; a file of another version is refused."""
APPLICATION = 0x74757269
"""Marks an SQLite file as one of ours."""
PATIENCE = 30.0
"""Seconds that a writer waits for another one."""
TABLES = (
    """CREATE TABLE IF NOT EXISTS subjects (
        run TEXT PRIMARY KEY, dataset TEXT NOT NULL, real_sha256 TEXT NOT NULL,
        snapshot INTEGER NOT NULL, checkpoint_sha256 TEXT NOT NULL, samples INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS raters (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        token TEXT NOT NULL UNIQUE, seed INTEGER NOT NULL, came TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS pages (
        rater INTEGER NOT NULL REFERENCES raters, number INTEGER NOT NULL,
        token TEXT NOT NULL UNIQUE, run TEXT NOT NULL REFERENCES subjects,
        dealt TEXT NOT NULL, judged TEXT, PRIMARY KEY (rater, number))""",
    """CREATE TABLE IF NOT EXISTS votes (
        rater INTEGER NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL,
        generated INTEGER NOT NULL CHECK (generated IN (0, 1)), image INTEGER NOT NULL,
        called_generated INTEGER CHECK (called_generated IN (0, 1)),
        PRIMARY KEY (rater, number, place),
        FOREIGN KEY (rater, number) REFERENCES pages (rater, number))""",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
Dealer = Callable[[Rater, Sequence[Page]], tuple[str, tuple[Shown, ...]] | None]
"""(rater, all pages that the rater got) -> run and images of the next page, or None."""


class Votes:
    """The file ``path``, made where it is missing; threads and processes may share it.

    Raises
    ------
    DataError
        When the file is no file of votes, has another version, or cannot be read or written.
    """

    def __init__(self, path: Path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as db:
            if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                db.execute("PRAGMA journal_mode = WAL")
                self._make()
            self._check(db)

    def register(self, subjects: Iterable[Subject]) -> None:
        """Note what is judged; raises DataError where the file's votes are on something else."""
        with self._transaction() as db:
            for subject in subjects:
                row = db.execute("SELECT * FROM subjects WHERE run = ?", subject[:1]).fetchone()
                if row is None:
                    db.execute("INSERT INTO subjects VALUES (?, ?, ?, ?, ?, ?)", subject)
                elif Subject(*row) != subject:
                    self._refuse(Subject(*row), subject)

    def subjects(self) -> tuple[Subject, ...]:
        """What is judged, by run."""
        with self._transaction() as db:
            return tuple(Subject(*row) for row in db.execute("SELECT * FROM subjects ORDER BY run"))

    def rater(self, name: str) -> Rater:
        """Who is called so, in capital or small letters; a new rater where nobody is."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO raters (name, token, seed, came) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name) DO NOTHING",
                (name, secrets.token_urlsafe(32), secrets.randbits(63), _now()),
            )
            asked = "SELECT id, name, token, seed FROM raters WHERE name = ?"
            return Rater(*db.execute(asked, (name,)).fetchone())

    def known(self, token: str) -> Rater | None:
        """Whose cookie this is."""
        with self._transaction() as db:
            asked = "SELECT id, name, token, seed FROM raters WHERE token = ?"
            row = db.execute(asked, (token,)).fetchone()
        return Rater(*row) if row else None

    def pages(self, rater: Rater) -> list[Page]:
        """Every page that a rater got, in order."""
        with self._transaction() as db:
            return _pages(db, rater)

    def waiting(self, rater: Rater, runs: Collection[str], deal: Dealer) -> Page | None:
        """The page of one of ``runs`` that the rater has still to answer, or a new one.

        return : None where all are answered and ``deal`` has no more.
        """
        with self._transaction() as db:
            pages = _pages(db, rater)
            for page in pages:
                if page.called is None and page.run in runs:
                    return page
            dealt = deal(rater, pages)
            if dealt is None:
                return None
            number, (run, shown) = len(pages) + 1, dealt
            db.execute(
                "INSERT INTO pages (rater, number, token, run, dealt) VALUES (?, ?, ?, ?, ?)",
                (rater.id, number, secrets.token_urlsafe(16), run, _now()),
            )
            db.executemany(
                "INSERT INTO votes (rater, number, place, generated, image) VALUES (?, ?, ?, ?, ?)",
                [(rater.id, number, i, int(s.generated), s.image) for i, s in enumerate(shown)],
            )
            return _pages(db, rater)[-1]

    def answer(self, rater: Rater, token: str, called: Sequence[bool]) -> bool:
        """Write what a rater called the images of a page; the first answers to a page count.

        return : whether they were written.
        """
        with self._transaction() as db:
            asked = "SELECT number FROM pages WHERE rater = ? AND token = ? AND judged IS NULL"
            row = db.execute(asked, (rater.id, token)).fetchone()
            if row is None:
                return False
            page = (rater.id, row[0])
            db.execute(
                "UPDATE pages SET judged = ? WHERE rater = ? AND number = ?", (_now(), *page)
            )
            db.executemany(
                "UPDATE votes SET called_generated = ?"
                " WHERE rater = ? AND number = ? AND place = ?",
                [(int(said), *page, place) for place, said in enumerate(called)],
            )
            return True

    def cast(self) -> list[Vote]:
        """Every vote."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT run, rater, generated, called_generated FROM votes JOIN pages"
                " USING (rater, number) WHERE judged IS NOT NULL ORDER BY rater, number, place"
            ).fetchall()
        return [Vote(run, rater, bool(is_), bool(called)) for run, rater, is_, called in rows]

    def _make(self) -> None:
        with self._transaction() as db:
            for statement in TABLES:
                db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection whose writes are all kept, or none of them."""
        with self._connected() as db:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            opened = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            with closing(opened) as db:
                yield db
        except sqlite3.DatabaseError as problem:
            raise DataError(
                f"{self.path}: votes cannot be read or written ({problem}). Expected an SQLite "
                "file of `kedro turing-test`, and room on its disk. Free some room, or name "
                "another file with --votes."
            ) from problem

    def _check(self, db: sqlite3.Connection) -> None:
        found, version = (
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
        if found != APPLICATION:
            raise DataError(
                f"{self.path}: an SQLite file, but not one with votes of `kedro turing-test`. "
                "Name another file with --votes."
            )
        if version != VERSION:
            raise DataError(
                f"{self.path}: votes in tables of version {version}; this gan_repro knows version "
                f"{VERSION}. Use the gan_repro that wrote them, or name another file with --votes."
            )

    def _refuse(self, found: Subject, asked: Subject) -> None:
        changed = "; ".join(
            f"{name}: {old} -> {new}"
            for name, old, new in zip(Subject._fields, found, asked, strict=True)
            if old != new
        )
        raise DataError(
            f"{self.path}: {asked.run}: its votes are on other images than those asked for "
            f"({changed}). Votes on both must not be mixed: name another file with --votes."
        )


def _pages(db: sqlite3.Connection, rater: Rater) -> list[Page]:
    rows = db.execute(
        "SELECT number, token, run, dataset, judged IS NOT NULL, generated, image, called_generated"
        " FROM votes JOIN pages USING (rater, number) JOIN subjects USING (run)"
        " WHERE rater = ? ORDER BY number, place",
        (rater.id,),
    ).fetchall()
    pages = []
    for head, group in groupby(rows, key=itemgetter(0, 1, 2, 3, 4)):
        number, token, run, dataset, judged = head
        places = [row[5:] for row in group]
        shown = tuple(Shown(bool(generated), image) for generated, image, _ in places)
        called = tuple(bool(said) for *_, said in places) if judged else None
        pages.append(Page(number, token, run, dataset, shown, called))
    return pages


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
