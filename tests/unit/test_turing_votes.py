"""The votes' file: kept whole, resumed by name, shared by many, and never mixed."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import tiny_trial as trial
from gan_repro.errors import DataError
from gan_repro.turing.records import PLACES, Vote
from gan_repro.turing.votes import Votes


@pytest.fixture
def votes(tmp_path: Path) -> Votes:
    return Votes(tmp_path / "deep" / "votes.sqlite")


def test_a_rater_comes_back_to_the_page_that_was_open(votes: Votes) -> None:
    first = trial.judged(votes, "Ann", 2)
    assert (first.number, sum(first.right)) == (1, PLACES - 2)
    rater = votes.rater("Ann")
    page = trial.next_page(votes, rater)
    again = Votes(votes.path)  # as another process does
    assert again.rater("ann") == rater == again.known(rater.token)
    assert trial.next_page(again, rater) == page
    assert page.number == 2
    assert page.token != first.token
    assert again.known("nobody's") is None
    assert again.pages(rater) == [first, page]


def test_answers_are_written_together_and_once_and_by_the_rater_whose_page_it_is(
    votes: Votes,
) -> None:
    ann, bob = votes.rater("Ann"), votes.rater("Bob")
    page = trial.next_page(votes, ann)
    assert votes.cast() == []
    assert not votes.answer(bob, page.token, [True] * PLACES)
    assert not votes.answer(ann, "another", [True] * PLACES)
    assert votes.answer(ann, page.token, [True] * PLACES)
    assert not votes.answer(ann, page.token, [False] * PLACES)  # after feedback
    truth = [one.generated for one in page.shown]
    run = trial.run()["key"]
    assert votes.cast() == [Vote(run, ann.id, generated, True) for generated in truth]


def test_answers_that_cannot_be_written_whole_leave_nothing(votes: Votes) -> None:
    ann = votes.rater("Ann")
    page = trial.next_page(votes, ann)
    with pytest.raises(DataError, match="CHECK constraint failed"):
        votes.answer(ann, page.token, [True] * 8 + [2])
    assert votes.cast() == []
    assert trial.next_page(votes, ann) == page


def three_pages(votes: Votes, name: str) -> list[int]:
    return [trial.judged(votes, name, 1).number for _ in range(3)]


def test_raters_vote_at_the_same_time(votes: Votes) -> None:
    names = [f"rater {i}" for i in range(6)]
    with ThreadPoolExecutor(len(names)) as pool:
        pages = list(pool.map(lambda name: three_pages(Votes(votes.path), name), names))
    assert pages == [[1, 2, 3]] * 6
    cast = votes.cast()
    assert len(cast) == 18 * PLACES
    assert sum(vote.wrong for vote in cast) == 18
    assert len({vote.rater for vote in cast}) == 6


def test_the_file_is_one_file_between_two_writes(votes: Votes) -> None:
    trial.judged(votes, "Ann", 1)
    assert [path.name for path in votes.path.parent.iterdir()] == [votes.path.name]
    with closing(sqlite3.connect(votes.path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    copy = shutil.copy(votes.path, votes.path.with_name("copy.sqlite"))
    assert Votes(copy).cast() == votes.cast()


def test_votes_on_other_images_are_not_mixed(votes: Votes) -> None:
    subject = trial.shown().subject
    votes.register([subject])
    votes.register([subject, trial.shown(seed=1).subject])
    assert len(votes.subjects()) == 2
    with pytest.raises(DataError, match=r"seed0: .*\(checkpoint_sha256: .* -> 00; samples: 60 ->"):
        votes.register([subject._replace(checkpoint_sha256="00", samples=70)])
    assert len(votes.subjects()) == 2


def test_a_page_of_a_run_that_is_not_shown_today_waits(votes: Votes) -> None:
    ann, one, two = votes.rater("Ann"), trial.shown(), trial.shown(seed=1)
    page = trial.next_page(votes, ann, one)
    other = trial.next_page(votes, ann, two)
    assert (other.number, other.run) == (2, two.subject.run)
    assert trial.next_page(votes, ann, one, two) == page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("PRAGMA user_version = 2", "tables of version 2; this gan_repro knows version 1"),
        ("PRAGMA application_id = 7", "not one with votes"),
        (None, "file is not a database"),
    ],
)
def test_another_file_is_refused_and_left_as_it_is(
    votes: Votes, change: str | None, said: str
) -> None:
    if change:
        with closing(sqlite3.connect(votes.path)) as db:
            db.execute(change)
    else:
        votes.path.write_bytes(b"name,vote\n" * 200)
    before = votes.path.read_bytes()
    with pytest.raises(DataError, match=said):
        Votes(votes.path)
    assert votes.path.read_bytes() == before
