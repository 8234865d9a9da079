"""Killed at any moment, changed underfoot, run twice, or gone astray: a run's state survives it."""

import json
import logging
import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_runs as tiny
from gan_repro.errors import NonFiniteLossError, ResumeRefusedError, TrainingError

KILLS = 10
RUN = tiny.run(
    "jgan",  # dropout draws from the global generator, so that one counts as well
    {"checkpoint_every": 2, "log_every": 7},
    rounds=120,
    snapshots=(0.3, 1.0),
)
SHORT = tiny.run(
    "sngan",
    {"checkpoint_every": 3, "log_every": 7},
    {"generator_learning_rate": 1e-4, "beta1": 0.5},
    rounds=30,
)


def begins(place: Path) -> int:
    """A number that changes when a process takes the run up; 0 before the first one."""
    file = place / "run.json"
    return file.stat().st_mtime_ns if file.exists() else 0


def test_ten_kills_at_random_moments_change_no_bit(tmp_path: Path):
    clock = time.monotonic()
    expected, history, _ = tiny.trained(RUN, tmp_path / "whole")
    slice_of_run = (time.monotonic() - clock) / (KILLS + 2)  # so that it can't end before the last
    moments = random.Random(2)
    place = tiny.home(tmp_path / "killed", RUN)
    rounds = []
    for number in range(KILLS):
        before = begins(place)
        with tiny.training(RUN, tmp_path / "killed") as process:
            tiny.wait_until(lambda seen=before: begins(place) != seen, process)
            time.sleep(moments.uniform(0, slice_of_run))
            if number % 3 == 2:  # a moment in which a file is being written
                tiny.wait_until(lambda: any(place.glob(".*.part*")), process)
            tiny.kill(process)
        tiny.assert_whole(place)
        rounds.append(tiny.checkpoint_round(place))
    assert rounds == sorted(rounds)
    assert len(set(rounds)) > 3, f"the kills missed the rounds: {rounds}"
    found, found_history, provenance = tiny.trained(RUN, tmp_path / "killed")
    assert provenance["resumed_at_round"] == rounds[-1]
    tiny.assert_same(found, expected)
    assert found_history.equals(history)
    whole = tiny.home(tmp_path / "whole", RUN)
    tiny.assert_same(tiny.checkpoint(place), tiny.checkpoint(whole))
    assert {f.name for f in place.iterdir()} == {f.name for f in whole.iterdir()}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state root with ``SHORT``, killed midway; copy it before use."""
    root = tmp_path_factory.mktemp("killed")
    tiny.killed_midway(SHORT, root)
    return root


@pytest.fixture
def stopped(killed: Path, tmp_path: Path) -> Path:
    """A state root of one's own with ``SHORT`` killed midway."""
    return Path(shutil.copytree(killed, tmp_path / "state"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tiny.Result:
    """What ``SHORT`` gives when nothing disturbs it."""
    return tiny.trained(SHORT, tmp_path_factory.mktemp("whole"))


def changed(settings: dict[str, float], **changes: object) -> dict[str, object]:
    return SHORT | {"method": SHORT["method"] | settings} | changes


def test_a_changed_setting_is_refused_by_name(stopped: Path):
    wanted = changed({"generator_learning_rate": 3e-4}, batch_size=5)
    before = tiny.checkpoint(tiny.home(stopped, SHORT))
    message = (
        r"spec\.batch_size: 6 -> 5; spec\.method\.generator_learning_rate: 0\.0001 -> 0\.0003\. "
        r".*Change them back, or start anew"
    )
    with pytest.raises(ResumeRefusedError, match=message):
        tiny.trained(wanted, stopped)
    tiny.assert_same(tiny.checkpoint(tiny.home(stopped, SHORT)), before)


def test_changed_labels_are_refused_by_name(stopped: Path):
    labels = np.roll(tiny.digits().labels, 1)
    with pytest.raises(
        ResumeRefusedError, match=r"changed: inputs\.labels: '\w{64}' -> '\w{64}'\."
    ):
        tiny.trained(SHORT, stopped, labels)


def test_changed_images_are_refused_by_name(stopped: Path):
    images = tiny.digits().first(99)
    message = r"changed: inputs\.images: '\w+' -> '\w+'; inputs\.labels: "
    with pytest.raises(ResumeRefusedError, match=message):
        tiny.trained(SHORT, stopped, images=images)


def test_how_often_to_save_may_change(stopped: Path, whole: tiny.Result):
    engine = SHORT["engine"] | {"checkpoint_every": 11, "events": "tensorboard"}
    weights, history, provenance = tiny.trained(SHORT | {"engine": engine}, stopped)
    assert provenance["resumed_at_round"] > 0
    tiny.assert_same(weights, whole[0])
    assert history.equals(whole[1])
    assert list((tiny.home(stopped, SHORT) / "events").iterdir())


def test_a_second_process_on_the_same_run_is_refused(tmp_path: Path, whole: tiny.Result):
    endless = SHORT | {"rounds": 100_000}
    with tiny.training(endless, tmp_path) as process:
        tiny.wait_until(lambda: tiny.checkpoint_round(tiny.home(tmp_path, endless)) > 0, process)
        with pytest.raises(TrainingError, match="another process is training it"):
            tiny.trained(SHORT, tmp_path)  # the same key; the lock comes before all other checks
        tiny.trained(SHORT | {"key": "test.other.clean.seed0", "rounds": 1}, tmp_path)
        tiny.kill(process)
    weights, _, provenance = tiny.trained(SHORT, tmp_path, fresh=True)  # the kill freed the run
    assert provenance["resumed_at_round"] == 0
    tiny.assert_same(weights, whole[0])


def test_fresh_moves_the_old_state_aside(stopped: Path, whole: tiny.Result):
    place = tiny.home(stopped, SHORT)
    old = {file.name: file.read_bytes() for file in place.iterdir() if file.name != "lock"}
    weights, _, provenance = tiny.trained(changed({"beta1": 0.4}), stopped, fresh=True)
    (aside,) = place.glob("before-*")
    assert {file.name: file.read_bytes() for file in aside.iterdir()} == old
    assert provenance["resumed_at_round"] == 0
    assert not torch.equal(*(w["00000030/generator/dense.weight"] for w in (weights, whole[0])))


def with_other_code(root: Path) -> Path:
    """The run's state, as though other code had begun it."""
    file = tiny.home(root, SHORT) / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"code": "0" * 64}))
    return file


def test_changed_code_warns_and_resumes(stopped: Path, whole: tiny.Result, caplog):
    file = with_other_code(stopped)
    with caplog.at_level(logging.WARNING, "gan_repro"):
        weights, _, provenance = tiny.trained(SHORT, stopped)
    assert "the code has changed since this run began; resuming" in caplog.text
    assert provenance["resumed_at_round"] > 0
    tiny.assert_same(weights, whole[0])
    assert json.loads(file.read_text())["code"] != "0" * 64


def test_changed_code_starts_anew_where_that_is_asked_for(stopped: Path, whole: tiny.Result):
    with_other_code(stopped)
    weights, _, provenance = tiny.trained(SHORT, stopped, restart_on_change=True)
    assert provenance["resumed_at_round"] == 0
    assert len(list(tiny.home(stopped, SHORT).glob("before-*"))) == 1
    tiny.assert_same(weights, whole[0])


def test_a_changed_setting_starts_anew_where_that_is_asked_for(stopped: Path):
    wanted = changed({"beta1": 0.4})
    _, _, provenance = tiny.trained(wanted, stopped, restart_on_change=True)
    assert provenance["resumed_at_round"] == 0
    assert len(list(tiny.home(stopped, SHORT).glob("before-*"))) == 1


def test_what_still_fits_is_resumed_also_where_a_restart_is_allowed(
    stopped: Path, whole: tiny.Result
):
    weights, _, provenance = tiny.trained(SHORT, stopped, restart_on_change=True)
    assert provenance["resumed_at_round"] > 0
    tiny.assert_same(weights, whole[0])


def test_the_device_that_auto_stands_for_is_part_of_the_run(stopped: Path):
    engine = SHORT["engine"] | {"device": "auto"}
    _, _, provenance = tiny.trained(SHORT | {"engine": engine}, stopped)
    assert provenance["resumed_at_round"] > 0  # begun on "cpu", which is what auto is here
    file = tiny.home(stopped, SHORT) / "run.json"
    begun = json.loads(file.read_text())
    begun["spec"]["engine"]["device"] = "cuda"
    file.write_text(json.dumps(begun))
    with pytest.raises(ResumeRefusedError, match=r"spec\.engine\.device: 'cuda' -> 'cpu'"):
        tiny.trained(SHORT, stopped)


def test_the_precision_that_auto_stands_for_is_part_of_the_run(stopped: Path):
    flags = Path("/proc/cpuinfo").read_text()
    native = "avx512_bf16" in flags or "amx_bf16" in flags
    tiny.trained(SHORT | {"engine": SHORT["engine"] | {"precision": "auto"}}, stopped, fresh=True)
    begun = json.loads((tiny.home(stopped, SHORT) / "run.json").read_text())
    assert begun["spec"]["engine"]["precision"] == ("bfloat16" if native else "float32")


def test_a_finished_run_is_not_played_again_unless_its_code_changed(stopped: Path):
    tiny.trained(SHORT, stopped)
    _, _, provenance = tiny.trained(SHORT, stopped)
    assert provenance["resumed_at_round"] == SHORT["rounds"]
    with_other_code(stopped)
    _, _, provenance = tiny.trained(SHORT, stopped)
    assert provenance["resumed_at_round"] == 0
    assert len(list(tiny.home(stopped, SHORT).glob("before-*"))) == 1


def astray(rate: float, **engine: int) -> dict[str, object]:
    """A run whose generator leaps after its first round."""
    settings = {"generator_learning_rate": rate}
    return tiny.run("sngan", {"checkpoint_every": 1, **engine}, settings, rounds=12)


@pytest.mark.parametrize("log_every", [1, 50])
def test_a_term_that_is_not_finite_is_named(tmp_path: Path, log_every: int):
    run = astray(1e30, log_every=log_every)
    message = r"the term 'discriminator\.fake' became nan in round 2\..*lower the learning rate"
    for _ in range(2):  # the checkpoint that is kept leads to the same end
        with pytest.raises(NonFiniteLossError, match=message):
            tiny.trained(run, tmp_path)
        place = tiny.home(tmp_path, run)
        assert tiny.checkpoint_round(place) == 1
        kept = tiny.checkpoint(place)
        assert all(torch.isfinite(v).all() for v in kept.values() if v.is_floating_point())
        assert not (place / "finished").exists()


def test_the_round_is_named_even_when_the_window_ends_later(tmp_path: Path):
    run = astray(1e30, log_every=5, checkpoint_every=10)
    with pytest.raises(NonFiniteLossError, match=r"became nan in round 2\."):
        tiny.trained(run, tmp_path)
    assert tiny.checkpoint_round(tiny.home(tmp_path, run)) == 0


def test_weights_that_are_not_finite_are_never_kept(tmp_path: Path):
    """Batch norm hides infinite running statistics from the losses of a whole run."""
    run = astray(1e15)
    message = r"running_var' of the player 'generator' is not finite after round 2\."
    with pytest.raises(NonFiniteLossError, match=message):
        tiny.trained(run, tmp_path)
    assert tiny.checkpoint_round(tiny.home(tmp_path, run)) == 1
