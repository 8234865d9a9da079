"""What is kept of a run: checkpoints, snapshots, progress, provenance."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

import tiny_runs as tiny
from gan_repro import snapshots as kept
from gan_repro.errors import EvaluationError
from gan_repro.game import Clock
from gan_repro.runs import RunSpec
from gan_repro.training import checkpoints
from gan_repro.training.provenance import commit
from tiny_games import eventful, linear_game, turn


def test_a_checkpoint_holds_everything_that_moves(tmp_path: Path):
    with torch.random.fork_rng():
        table = eventful(seed=0)
        for number in range(9):
            table.play(Clock(number, 9))
            if number == 4:
                table.history.close_window(3)
                checkpoints.write(tmp_path / "middle", 5, table, 1.5)
        checkpoints.write(tmp_path / "whole", 9, table, 3.0)
    with torch.random.fork_rng():
        other = eventful(seed=1)
        assert checkpoints.read(tmp_path / "nothing", other) == (0, 0.0)
        assert checkpoints.read(tmp_path / "middle", other) == (5, 1.5)
        for number in range(5, 9):
            other.play(Clock(number, 9))
        checkpoints.write(tmp_path / "resumed", 9, other, 3.0)
    expected = tiny.checkpoint(tmp_path / "whole")
    tiny.assert_same(tiny.checkpoint(tmp_path / "resumed"), expected)
    parts = {key.split("/")[0] for key in expected}
    assert parts == {
        "player", "average", "optimiser", "state", "draws", "global", "batches", "history"
    }  # fmt: skip


def test_only_the_newest_checkpoint_is_kept(tmp_path: Path):
    with torch.random.fork_rng():
        table = eventful(seed=0)
        for number in range(2):
            table.play(Clock(number, 2))
            checkpoints.write(tmp_path, number + 1, table, 0.0)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"checkpoint.json", "checkpoint-00000002.safetensors"}


def test_a_run_keeps_snapshots_history_progress_and_provenance(tmp_path: Path):
    run = tiny.run("sngan", {"log_every": 2}, rounds=5, snapshots=(0.1, 0.5, 0.6, 1.0))
    snapshots, history, provenance = tiny.trained(run, tmp_path)
    assert kept.rounds(snapshots) == (1, 2, 3, 5)  # at least 1; round(2.5) is even
    assert {key.split("/")[1] for key in snapshots} == {"generator"}
    assert list(history["round"]) == [2, 4, 5]
    assert {"run", "seed", "commit", "device", "threads", "versions"} <= provenance.keys()
    progress = json.loads((tiny.home(tmp_path, run) / "progress.json").read_text())
    assert (progress["round"], progress["rounds"], progress["done"]) == (5, 5, True)
    assert progress["pid"] == os.getpid()
    assert progress["seconds_per_round"] > 0


def test_what_runs_write_is_no_change_of_the_code(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert commit() == "unknown"
    code, scores = tmp_path / "src/game.py", tmp_path / "data/08_reporting/scores.json"
    for file in (code, scores):
        file.parent.mkdir(parents=True)
        file.write_text("one")
    for command in ("init -q", "add .", "commit -qm one"):
        subprocess.run(["git", *command.split()], check=True)
    clean = commit()
    assert len(clean) == 40
    scores.write_text("two")
    assert commit() == clean
    code.write_text("two")
    assert commit() == f"{clean}+changes"


@pytest.mark.parametrize("shares", [(), (0.5,), (0.0, 1.0), (0.5, 1.5, 1.0), (0.7, 0.3, 1.0)])
def test_shares_of_a_run_rise_to_one(shares):
    with pytest.raises(ValidationError, match="shares"):
        RunSpec(**tiny.run("sngan", snapshots=shares))


def test_a_snapshot_keeps_a_players_average_beside_it():
    with torch.random.fork_rng():
        table = eventful(seed=0)
        for number in range(2):
            table.play(Clock(number, 2))
        snapshot, game = table.snapshot(2), eventful(seed=1).game
    trained, average = table.game.players["one"], table.averages.copies["one"]
    for averaged, expected in ((False, trained), (True, average)):
        kept.load(game, snapshot, 2, averaged)
        tiny.assert_same(game.players["one"].state_dict(), expected.state_dict())
    assert not torch.equal(trained.gain, average.gain)


def test_what_a_snapshot_lacks_is_named():
    game = linear_game((turn("one"),))
    snapshot = kept.flatten({"one": game.players["one"].state_dict()}, 7)
    with pytest.raises(EvaluationError, match=r"round 8 was asked for; kept are \(7,\)"):
        kept.load(game, snapshot, 8)
    with pytest.raises(EvaluationError, match="keeps no moving average of 'one'"):
        kept.load(game, snapshot, 7, averaged=True)
