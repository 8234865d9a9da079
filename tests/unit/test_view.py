"""The one view of all runs: plain lines, and a live table in a terminal."""

import io
import json
import logging
from pathlib import Path

import pytest
from rich.console import Console

from gan_repro.runners import view
from gan_repro.runners.view import View
from gan_repro.scheduling import Board, Capacity, Job

RUN = "jgan.cifar10_jgan.clean.seed0"


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """A node that is done, a training in its 40th round of 200, and a node that waits for it."""
    monkeypatch.setenv("GAN_REPRO_STATE", str(tmp_path))
    (tmp_path / "smoke" / RUN).mkdir(parents=True)
    state = {"round": 40, "rounds": 200, "seconds_per_round": 0.5, "pid": 1, "done": False}
    (tmp_path / "smoke" / RUN / "progress.json").write_text(json.dumps(state))
    found = Board(
        [
            Job("read"),
            Job("train", frozenset({"read"}), 9.0, run=RUN, trains=True),
            Job("other", frozenset({"read"}), 1.0),
            Job("evaluate", frozenset({"train"})),
        ]
    )
    found.fill(Capacity(2))
    found.finish("read")
    found.fill(Capacity(2))
    return found


def test_lines_say_how_far_everything_and_each_training_is(board: Board) -> None:
    head, line = View(board, "smoke").lines()
    assert head.startswith("1/4 nodes done after ")
    assert head.endswith("2 running")
    assert line == f"{RUN} 40/200 500 ms 80 s"


def test_what_ended_is_said_once_and_a_failure_with_its_reason(
    board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=view.__name__)
    shown = View(board, "smoke", Console(file=io.StringIO()))
    board.finish("other")
    shown.ended(board.by_name["other"])
    board.fail("train", "ValueError: no")
    shown.ended(board.by_name["train"])
    assert caplog.messages == ["2/4 other", "2/4 train failed: ValueError: no"]


def test_a_terminal_gets_a_table(board: Board) -> None:
    screen = io.StringIO()
    shown = View(board, "smoke", Console(file=screen, force_terminal=True, width=120))
    shown.looked -= view.LIVE_SECONDS
    with shown:
        shown.look()
    for text in ("1/4 nodes done", RUN, "40/200", "500 ms", "80 s", "other"):
        assert text in screen.getvalue()
