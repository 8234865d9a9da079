"""The pages that raters see, as a Flask application, and the server that hands them out.

Before the answers a browser gets nothing that differs between real and generated images: random
names, files of one length in one format, made before the page is sent, with the same headers.
"""

import logging
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gan_repro.errors import ConfigurationError, GanReproError
from gan_repro.turing.records import PLACES, Page, Rater
from gan_repro.turing.tokens import Tokens
from gan_repro.turing.trial import Exhibit, deal
from gan_repro.turing.votes import Votes

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.wrappers import Response as Redirect

EXTRA = ("flask", "waitress")
COOKIE = "gan_repro_rater"
COOKIE_SECONDS = 365 * 24 * 3600
LONGEST_NAME = 60
LARGEST_REQUEST = 16_384
"""Bytes; a vote has a few hundred."""
THREADS = 16
"""A browser asks for several images at once."""
ANSWERS = {"real": False, "generated": True}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def check_installed(needed: Sequence[str] = EXTRA) -> None:
    """Raise ConfigurationError where the extra is not installed, before samples are drawn."""
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"turing-test: its pages need {' and '.join(missing)}, which is not installed. "
            "It is an extra: pip install 'gan_repro[turing]'"
        )


def application(exhibits: Sequence[Exhibit], votes: Votes) -> "Flask":
    """The pages of one trial; raises DataError where ``votes`` are on other images."""
    check_installed()
    from flask import Flask

    votes.register(one.subject for one in exhibits)
    site = Site(exhibits, votes)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.add_url_rule("/", view_func=site.door)
    app.add_url_rule("/", view_func=site.enter, methods=["POST"])
    app.add_url_rule("/judge", view_func=site.judge)
    app.add_url_rule("/judge", view_func=site.vote, methods=["POST"])
    app.add_url_rule("/answers", view_func=site.answers)
    app.add_url_rule("/image/<token>", view_func=site.image)
    app.register_error_handler(GanReproError, _failed)
    app.after_request(_sealed)
    return app


class Site:
    """What each address answers."""

    def __init__(self, exhibits: Sequence[Exhibit], votes: Votes):
        self.exhibits = {one.subject.run: one for one in exhibits}
        self.votes = votes
        self.tokens = Tokens()
        self.deal = partial(deal, self.exhibits)

    def door(self) -> str:
        """Ask for a name."""
        from flask import render_template

        return render_template("door.html", rater=self._rater(), longest=LONGEST_NAME)

    def enter(self) -> "Redirect":
        """A name becomes a cookie; whose name is known goes on where they were."""
        from flask import redirect, request

        name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
        if not name:
            return redirect("/", HTTPStatus.SEE_OTHER)
        answer = redirect("/judge", HTTPStatus.SEE_OTHER)
        token = self.votes.rater(name).token
        answer.set_cookie(COOKIE, token, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax")
        return answer

    def judge(self, status: int = HTTPStatus.OK) -> "str | Redirect | tuple[str, int]":
        """Nine images to be judged, or the end."""
        from flask import redirect, render_template

        rater = self._rater()
        if rater is None:
            return redirect("/", HTTPStatus.SEE_OTHER)
        page = self.votes.waiting(rater, self.exhibits, self.deal)
        if page is None:
            return render_template("end.html", rater=rater, score=self._score(rater))
        tokens = self._laid(rater, page)
        return render_template("judge.html", rater=rater, page=page, tokens=tokens), status

    def vote(self) -> "str | Redirect | tuple[str, int]":
        """Keep nine answers; without all of them, ask again."""
        from flask import redirect, request

        rater = self._rater()
        if rater is None:
            return redirect("/", HTTPStatus.SEE_OTHER)
        called = [ANSWERS.get(request.form.get(f"place-{i}", "")) for i in range(1, PLACES + 1)]
        given = [one for one in called if one is not None]
        if len(given) < PLACES:
            return self.judge(HTTPStatus.BAD_REQUEST)
        self.votes.answer(rater, request.form.get("page", ""), given)
        return redirect("/answers", HTTPStatus.SEE_OTHER)

    def answers(self) -> "str | Redirect":
        """What was right on the page that the rater judged last."""
        from flask import redirect, render_template

        rater = self._rater()
        judged = [page for page in self.votes.pages(rater) if page.called] if rater else []
        if rater is None or not judged or judged[-1].run not in self.exhibits:
            return redirect("/judge", HTTPStatus.SEE_OTHER)
        page = judged[-1]
        places = zip(self._laid(rater, page), page.shown, page.called or (), strict=True)
        return render_template(
            "answers.html", rater=rater, page=page, places=list(places), score=self._score(rater)
        )

    def image(self, token: str) -> "Response | tuple[str, int]":
        """The image of that name, once."""
        from flask import Response

        file = self.tokens.take(token)
        if file is None:
            return "", HTTPStatus.NOT_FOUND
        return Response(file, mimetype="image/png")

    def _rater(self) -> Rater | None:
        from flask import request

        token = request.cookies.get(COOKIE)
        return self.votes.known(token) if token else None

    def _laid(self, rater: Rater, page: Page) -> list[str]:
        show = self.exhibits[page.run].png
        return self.tokens.lay(rater.id, [show(shown) for shown in page.shown])

    def _score(self, rater: Rater) -> tuple[int, int]:
        """Right answers and all answers so far."""
        right = [one for page in self.votes.pages(rater) for one in page.right]
        return sum(right), len(right)


def serve(app: "Flask", host: str, port: int, say: Callable[[str], None]) -> None:
    """Hand out pages until Ctrl-C, or until the process is told to end.

    port : 0 takes a free one.
    say : is told the address once pages can be had.

    Raises
    ------
    ConfigurationError
        When there is no listening at that address.
    """
    check_installed()
    import waitress

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that one image waits is no news
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as problem:
        raise ConfigurationError(
            f"turing-test: pages cannot be served at {host}, port {port} ({problem}). Choose "
            "an address of this machine with --host and another --port; 0 takes a free one."
        ) from problem
    with listening:
        server = waitress.create_server(app, sockets=[listening], threads=THREADS)
        shown = f"[{host}]" if ":" in host else host
        for ending in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore the first
            signal.signal(ending, signal.default_int_handler)
        say(f"http://{shown}:{listening.getsockname()[1]}/")
        server.run()
        server.close()


def _sealed(response: "Response") -> "Response":
    """Nothing is kept, and nothing is asked of other places."""
    response.headers.update(HEADERS)
    return response


def _failed(error: GanReproError) -> tuple[str, int]:
    from flask import render_template

    return render_template("failed.html", error=str(error)), HTTPStatus.INTERNAL_SERVER_ERROR
