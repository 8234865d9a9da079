"""The pages of the visual Turing test: before the answers they give nothing away."""

import re
import socket
import subprocess
import sys
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

import tiny_trial as trial
from gan_repro.errors import ConfigurationError, DataError
from gan_repro.turing import pages
from gan_repro.turing.records import PLACES, Shown
from gan_repro.turing.votes import Votes

IMAGE = re.compile(r"/image/([\w-]+)")
TRUTH = re.compile(r"It is\s+(\w+)\.")


@pytest.fixture
def votes(tmp_path: Path) -> Votes:
    return Votes(tmp_path / "votes.sqlite")


@pytest.fixture
def app(votes: Votes) -> Flask:
    return pages.application([trial.shown()], votes)


@pytest.fixture
def ann(app: Flask) -> FlaskClient:
    return entered(app, "Ann")


def entered(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/", data={"name": name})
    assert (answer.status_code, answer.location) == (HTTPStatus.SEE_OTHER, "/judge")
    return client


def tokens(page: str) -> list[str]:
    found = IMAGE.findall(page)
    assert len(set(found)) == PLACES
    return found


def form(page: str, answers: list[str]) -> dict[str, str]:
    (token,) = re.findall(r'name="page" value="([\w-]+)"', page)
    return {"page": token, **{f"place-{i}": said for i, said in enumerate(answers, 1)}}


def masked(page: str) -> str:
    """A page without its random names."""
    return re.sub(r'name="page" value="[\w-]+"', "", IMAGE.sub("/image/", page))


def test_all_images_have_the_same_headers_and_length(app: Flask, votes: Votes) -> None:
    seen, kinds = set(), set()
    for name in ("Ann", "Bob", "Cem"):
        client = entered(app, name)
        page = client.get("/judge").text
        kinds |= {one.generated for one in votes.pages(votes.rater(name))[0].shown}
        for token in tokens(page):
            answer = client.get(f"/image/{token}")
            assert answer.status_code == HTTPStatus.OK
            assert len(answer.data) == int(answer.headers["Content-Length"])
            seen.add((tuple(sorted(answer.headers.items())), len(token)))
    assert kinds == {True, False}
    assert len(seen) == 1
    headers = dict(next(iter(seen))[0])
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "image/png"
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & headers.keys()


def test_a_page_says_the_same_whatever_is_on_it(tmp_path: Path) -> None:
    said = set()
    for coin in (True, False):
        votes = Votes(tmp_path / f"{coin}.sqlite")
        client = entered(pages.application([trial.shown()], votes), "Ann")
        dealt = trial.run()["key"], tuple(Shown(coin, i) for i in range(PLACES))
        votes.waiting(votes.rater("Ann"), [dealt[0]], lambda *_, dealt=dealt: dealt)
        answer = client.get("/judge")
        assert answer.headers["Cache-Control"] == "no-store"
        said.add((masked(answer.text), len(answer.data)))
    ((page, _),) = said
    assert trial.run()["key"] not in page
    assert "digits" not in page


def test_an_image_is_fetched_once_and_under_another_name_each_time(ann: FlaskClient) -> None:
    first = tokens(ann.get("/judge").text)
    images = [ann.get(f"/image/{token}").data for token in first[:4]]
    assert ann.get(f"/image/{first[0]}").status_code == HTTPStatus.NOT_FOUND
    again = tokens(ann.get("/judge").text)
    assert not set(first) & set(again)
    assert ann.get(f"/image/{first[8]}").status_code == HTTPStatus.NOT_FOUND  # its page was left
    assert [ann.get(f"/image/{token}").data for token in again[:4]] == images
    assert ann.get("/image/guessed").status_code == HTTPStatus.NOT_FOUND


def test_what_is_shown_is_what_the_file_says(ann: FlaskClient, votes: Votes) -> None:
    page = ann.get("/judge").text
    shown = votes.pages(votes.rater("Ann"))[0].shown
    for token, one in zip(tokens(page), shown, strict=True):
        assert ann.get(f"/image/{token}").data == trial.shown().png(one)


def test_a_vote_is_kept_and_answered_at_once(ann: FlaskClient, votes: Votes) -> None:
    page = ann.get("/judge").text
    called = ["real", "generated"] * 4 + ["real"]
    kept = ann.post("/judge", data=form(page, called))
    assert (kept.status_code, kept.location) == (HTTPStatus.SEE_OTHER, "/answers")
    cast = votes.cast()
    assert [vote.called_generated for vote in cast] == [said == "generated" for said in called]
    answers = ann.get("/answers").text
    assert TRUTH.findall(answers) == ["generated" if v.generated else "real" for v in cast]
    right = sum(not vote.wrong for vote in cast)
    assert f"{right} of 9 right" in answers
    assert len(tokens(answers)) == PLACES

    other = {**form(page, ["real"] * PLACES)}
    assert ann.post("/judge", data=other).location == "/answers"  # sent twice, or after feedback
    assert votes.cast() == cast
    second = ann.get("/judge").text
    assert "page 2" in second
    ann.post("/judge", data=form(second, called))
    right += sum(not vote.wrong for vote in votes.cast()[PLACES:])
    assert f"so far {right} of 18" in ann.get("/answers").text


@pytest.mark.parametrize("wrong", [{"place-4": ""}, {"place-4": "maybe"}])
def test_a_page_that_is_not_judged_whole_is_asked_again(
    ann: FlaskClient, votes: Votes, wrong: dict[str, str]
) -> None:
    page = ann.get("/judge").text
    answer = ann.post("/judge", data=form(page, ["real"] * PLACES) | wrong)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert masked(answer.text) == masked(page)
    assert votes.cast() == []


def test_answers_to_the_page_of_another_rater_on_the_same_machine_are_not_kept(
    ann: FlaskClient, votes: Votes
) -> None:
    page = ann.get("/judge").text
    ann.post("/", data={"name": "Bob"})
    ann.get("/judge")
    ann.post("/judge", data=form(page, ["real"] * PLACES))
    assert votes.cast() == []


def test_a_rater_goes_on_with_a_cookie_or_by_name_and_after_a_restart(
    app: Flask, ann: FlaskClient, votes: Votes
) -> None:
    page = ann.get("/judge").text
    assert "Go on as Ann" in ann.get("/").text
    cookie = ann.get_cookie(pages.COOKIE)
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    restarted = pages.application([trial.shown()], Votes(votes.path))
    by_name = entered(restarted, "  ann ")
    by_cookie = restarted.test_client()
    by_cookie.set_cookie(pages.COOKIE, cookie.value)
    for client in (by_name, by_cookie):
        again = client.get("/judge").text
        assert form(again, []) == form(page, [])
        assert "Ann, page 1" in again


@pytest.mark.parametrize("path", ["/judge", "/answers"])
def test_without_a_name_one_is_asked_for(app: Flask, path: str) -> None:
    client = app.test_client()
    client.set_cookie(pages.COOKIE, "forged")
    answer = client.get(path, follow_redirects=True)
    assert answer.request.path == "/"
    assert client.post("/judge", data={}).location == "/"
    assert client.post("/", data={"name": "  "}).location == "/"


def test_a_name_is_text_not_markup(app: Flask) -> None:
    page = entered(app, "<b>Ann</b>").get("/judge").text
    assert "&lt;b&gt;Ann&lt;/b&gt;" in page
    assert "<b>" not in page


def test_it_ends_when_no_new_images_are_left(votes: Votes) -> None:
    few = replace(trial.shown(), generated=trial.shown().generated[:PLACES])
    client = entered(pages.application([few], votes), "Ann")
    client.post("/judge", data=form(client.get("/judge").text, ["generated"] * PLACES))
    end = client.get("/judge")
    assert end.status_code == HTTPStatus.OK
    assert "Thank you, Ann" in end.text
    right = sum(not vote.wrong for vote in votes.cast())
    assert f"{right} of your 9 answers" in " ".join(end.text.split())


def test_votes_that_cannot_be_written_are_reported(ann: FlaskClient, votes: Votes) -> None:
    page = ann.get("/judge").text
    votes.path.write_bytes(b"overwritten " * 1000)
    answer = ann.post("/judge", data=form(page, ["real"] * PLACES))
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "Nothing was kept of this page" in answer.text


def test_a_file_with_votes_on_other_weights_is_refused_before_pages_are_served(
    app: Flask, votes: Votes
) -> None:
    other = trial.shown().subject._replace(checkpoint_sha256="00")
    with pytest.raises(DataError, match="votes are on other images"):
        pages.application([replace(trial.shown(), subject=other)], votes)


def test_without_the_extra_an_error_says_what_to_install() -> None:
    absent = "a_package_that_nobody_has"
    with pytest.raises(ConfigurationError, match=rf"need {absent}, .*'gan_repro\[turing\]'"):
        pages.check_installed((*pages.EXTRA, absent))


def test_a_port_that_is_taken_is_an_error(app: Flask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} .*--port; 0 takes a free one"):
            pages.serve(app, "127.0.0.1", port, print)


def test_every_answer_forbids_other_places_and_keeping(app: Flask, ann: FlaskClient) -> None:
    for path in ("/", "/judge", "/static/turing.css", "/static/turing.js", "/nowhere"):
        with ann.get(path) as answer:
            headers = answer.headers
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "ETag" not in headers or path.startswith("/static/")
    sources = [*Path(pages.__file__).parent.glob("templates/*"), *Path(app.static_folder).iterdir()]
    assert len(sources) == 8
    assert not [path for path in sources if "//" in path.read_text().replace("// Keys", "")]


def test_commands_do_not_import_the_pages() -> None:
    program = "import sys, gan_repro.cli; sys.exit('flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0


def test_a_session_of_pages_shows_different_images(ann: FlaskClient, votes: Votes) -> None:
    files: list[bytes] = []
    for _ in range(4):
        page = ann.get("/judge").text
        files += [ann.get(f"/image/{token}").data for token in tokens(page)]
        ann.post("/judge", data=form(page, ["real"] * PLACES))
    assert len(set(files)) == 4 * PLACES
    assert np.unique([len(file) for file in files]).size == 1
    assert len(votes.cast()) == 4 * PLACES
