"""The engine's parts, one by one: averages, history, turns, schedules, devices."""

import math
import platform
import resource

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro.devices import choose
from gan_repro.errors import ConfigurationError, NonFiniteLossError
from gan_repro.game import Adam, Average, Batch, Clock, Follower, Terms, Turn, play_round
from gan_repro.runs import Engine
from gan_repro.training.averaging import Averages
from gan_repro.training.devices import autocast, computing
from gan_repro.training.history import History
from gan_repro.training.stepping import Stepper
from tiny_games import CPU, batches, linear_game, push, turn

# averages


def average_after(setting: Average, values: list[float]) -> list[float]:
    """The average of a parameter that takes ``values`` round by round, from 0."""
    player = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        player.weight.zero_()
    averages = Averages({"generator": player}, {"generator": setting})
    found = []
    for number, value in enumerate(values):
        with torch.no_grad():
            player.weight.fill_(value)
        averages.update(Clock(number, len(values)))
        found.append(averages.copies["generator"].weight.item())
    return found


def test_an_average_decays_from_its_start_and_copies_before_it():
    found = average_after(Average(decay=0.9, start=0.5), [1.0, 2.0, 4.0, 8.0])
    expected = [1, 2, 0.9 * 2 + 0.1 * 4, 0.9 * (0.9 * 2 + 0.1 * 4) + 0.1 * 8]
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 1e-6
    assert abs(average_after(Average(decay=0.9), [1.0])[0] - 0.1) < 1e-6


def test_an_average_moves_float_buffers_and_copies_counters():
    player = nn.BatchNorm1d(2)
    averages = Averages({"d": player}, {"d": Average(decay=0.75)})
    player.running_mean.fill_(8.0)
    player.num_batches_tracked.fill_(5)
    averages.update(Clock(0, 1))
    assert averages.copies["d"].running_mean.tolist() == [2.0, 2.0]
    assert averages.copies["d"].num_batches_tracked == 5
    assert not any(p.requires_grad for p in averages.copies["d"].parameters())


def test_memory_is_a_share_of_the_run_whatever_its_length():
    average = Average(memory=0.08, start=0.5)
    assert average.weight_of_old(Clock(62_500, 125_000)) == pytest.approx(0.9999)
    assert average.weight_of_old(Clock(1_500, 3_000)) == pytest.approx(1 - 1 / 240)
    assert average.weight_of_old(Clock(1_499, 3_000)) == 0.0
    assert Average(memory=0.08).weight_of_old(Clock(0, 5)) == 0.0  # less than a round
    # after a memory's rounds, an old value's weight is 1/e
    faded = Average(memory=0.1).weight_of_old(Clock(0, 10_000)) ** 1_000
    assert faded == pytest.approx(math.exp(-1), rel=1e-3)


@pytest.mark.parametrize("said", [{}, {"decay": 0.9, "memory": 0.1}])
def test_an_average_says_its_pace_once(said):
    with pytest.raises(ValidationError, match="expected either decay or memory"):
        Average(**said)


def test_a_follower_starts_as_whom_it_follows_and_moves_as_an_average_does():
    players = {"teacher": nn.Linear(1, 1, bias=False), "labeller": nn.Linear(1, 1, bias=False)}
    teacher, labeller = (player.weight for player in players.values())
    follower = Follower("teacher", Average(decay=0.75))
    averages = Averages(players, {}, {"labeller": follower})
    first = teacher.item()
    assert labeller.item() == first
    with torch.no_grad():
        teacher.fill_(first + 4.0)
    averages.update(Clock(0, 2))
    assert labeller.item() == pytest.approx(first + 1.0)
    assert averages.copies == {}


# history


def played(value: float) -> dict[str, dict[str, Tensor]]:
    return {"d": {"real": torch.tensor(value)}, "g": {"score": torch.tensor(-value)}}


def test_a_window_holds_the_means_of_its_rounds():
    history = History("run")
    for number, value in enumerate([1.0, 2.0, 6.0, 4.0, 8.0], start=1):
        history.add(played(value))
        if number in {3, 5}:
            history.close_window(number)
    expected = {"round": [3, 5], "d.real": [3.0, 6.0], "g.score": [-3.0, -6.0]}
    assert history.table() == expected
    assert History("empty").table() == {"round": []}


def test_a_history_goes_on_from_its_state():
    whole, halved = History("run"), History("run")
    for number in range(1, 8):
        for history in (whole, halved):
            history.add(played(float(number) ** 2))
        if number == 4:
            whole.close_window(number), halved.close_window(number)
        if number == 6:  # in the middle of a window
            state, columns = halved.state(), halved.columns
            halved = History("run")
            halved.restore(list(columns), state, CPU)
    whole.close_window(7), halved.close_window(7)
    assert pd.DataFrame(halved.table()).equals(pd.DataFrame(whole.table()))


def test_a_turn_that_sits_out_keeps_its_last_terms():
    history = History("run")
    history.add(played(1.0))
    history.add({"d": {"real": torch.tensor(3.0)}})
    history.close_window(2)
    assert history.table() == {"round": [2], "d.real": [2.0], "g.score": [-1.0]}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_first_round_that_is_not_finite_is_named(value):
    history = History("run")
    for number in range(8):
        history.add(played(value if number >= 5 else 1.0))
    with pytest.raises(
        NonFiniteLossError, match=r"run: the term 'd\.real' became .* in round 16\."
    ):
        history.check(18)


# turns and schedules


def test_turns_take_batches_as_they_say():
    taken: list[Batch | None] = []

    def noting(players, batch, draws, clock, memory) -> Terms:
        taken.append(batch)
        return push("one")(players, batch, draws, clock, memory)

    turns = tuple(
        Turn(name, frozenset({"one"}), noting, batch=name) for name in ("next", "same", "none")
    )
    game = linear_game((*turns, turns[0]))
    play_round(game, batches(8, 2), Stepper(game, Engine(), CPU), {}, Clock(0, 1))
    first, same, none, second = taken
    assert same is first
    assert none is None
    assert not set(first.index.tolist()) & set(second.index.tolist())


def test_turns_are_played_as_often_as_they_say():
    calls: list[str] = []
    step = lambda turn, evaluate: (calls.append(turn.name), evaluate())[1]  # noqa: E731
    often = turn("two", every=2, repeats=lambda terms, clock: 2 + int(terms["one"]["seen"] > 0))
    game = linear_game((turn("one"), often))
    for number in range(3):
        play_round(game, batches(8, 2), step, {}, Clock(number, 3))
    assert calls == ["one", "two", "two", "two", "one", "one", "two", "two", "two"]


def test_a_linear_decay_ends_at_nought_and_none_stays():
    decay = Adam(learning_rate=0.1, decay="linear")
    game = linear_game((turn("one"),), optimisers={"one": decay, "two": Adam(learning_rate=0.3)})
    stepper = Stepper(game, Engine(), CPU)
    rates = []
    for number in range(5):
        stepper.begin(Clock(number, 5))
        rates.append([stepper.optimisers[name].param_groups[0]["lr"] for name in ("one", "two")])
    assert np.abs(np.array(rates) - [[0.1 * (1 - n / 5), 0.3] for n in range(5)]).max() < 1e-12


def test_a_late_decay_waits_for_its_start():
    """Improved GAN's script: lr min(3 - epoch / 400, 1) over 1200 epochs."""
    late = Adam(learning_rate=0.1, decay="linear", decay_start=2 / 3)
    game = linear_game((turn("one"),), optimisers={"one": late, "two": late})
    stepper = Stepper(game, Engine(), CPU)
    for number in range(12):
        stepper.begin(Clock(number, 12))
        rate = stepper.optimisers["one"].param_groups[0]["lr"]
        assert abs(rate - 0.1 * min(3 - number / 4, 1)) < 1e-12


def test_a_step_moves_by_adams_rule():
    game = linear_game((turn("one"),))
    before = game.players["one"].weight.item()
    stepper = Stepper(game, Engine(), CPU)
    stepper(game.turns[0], lambda: push("one")(game.players, None, {}, Clock(0, 1), {}))
    assert abs(game.players["one"].weight.item() - (before + 0.1)) < 1e-6  # first step: lr, uphill
    assert not any(p.requires_grad for p in game.players["one"].parameters())


# devices


def test_auto_is_the_best_device_there_is():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert choose("auto").type in {expected, "mps"}
    assert choose("cpu") == CPU
    with pytest.raises(ConfigurationError, match="'gpu' is no PyTorch device"):
        choose("gpu")


def global_state() -> tuple[object, ...]:
    return (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.get_rng_state().tolist(),
    )


def faults(tensors: int) -> int:
    """Pages that the system clears for some tensors of 64 MiB, one after another."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(tensors):
        torch.empty(2**24).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_freed_memory_stays_with_the_process_while_it_computes():
    pages = 2**26 // resource.getpagesize()
    with computing(Engine()):
        faults(10)  # until the heap has found its size
        assert faults(10) < 2 * pages or platform.libc_ver()[0] != "glibc"


def interrupted(engine: Engine) -> None:
    """Compute a little, and fail."""
    with computing(engine):
        assert torch.get_num_threads() == engine.threads
        assert torch.are_deterministic_algorithms_enabled()
        torch.rand(3)
        raise KeyError


@pytest.mark.parametrize(("deterministic", "warn_only"), [(False, False), (True, True)])
def test_computing_restores_all_global_state(deterministic, warn_only):
    torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
    try:
        before = global_state()
        with pytest.raises(KeyError):
            interrupted(Engine(threads=torch.get_num_threads() + 1))
        assert global_state() == before
    finally:
        torch.use_deterministic_algorithms(False)


def test_bfloat16_is_for_products_only():
    layer, x = nn.Linear(4, 4), torch.randn(2, 4)
    with autocast(Engine(precision="bfloat16"), CPU):
        assert layer(x).dtype == torch.bfloat16
        assert (x + 1).dtype == torch.float32
    with autocast(Engine(), CPU):
        assert layer(x).dtype == torch.float32


def test_channels_last_changes_the_layout_and_not_the_losses():
    curves = []
    for channels_last in (False, True):
        table = tiny.table(tiny.run("jgan", {"channels_last": channels_last}))
        for number in range(2):
            table.play(Clock(number, 2))
        curves.append(table.history.check(2))
        weight = table.game.players["generator"].image.blocks[0].conv1.weight
        assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last
    assert (curves[0] - curves[1]).abs().max() < 1e-4
