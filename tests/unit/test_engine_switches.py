"""Each switch of the engine against eager float32: what it may change, and by how much.

Tolerances are those that docs/how-to/make-it-faster.md states.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import tiny_runs as tiny
from gan_repro.errors import ConfigurationError
from gan_repro.game import Clock, Terms, Turn, play_round
from gan_repro.methods import sngan
from gan_repro.nets import resnet
from gan_repro.nets.spectral_norm import spectral_norm
from gan_repro.runs import Engine
from gan_repro.training import checkpoints
from gan_repro.training.devices import compiled, compiling
from gan_repro.training.table import Table

ROUNDS = 3
LAYOUT, LOW = {"channels_last": True}, {"precision": "bfloat16"}
WITHOUT_NOISE = {"sngan": {}, "biggan": {}, "stacked_gan": {"networks": "mnist"}}
"""Methods whose networks draw no random numbers, whose order a switch may change."""


@pytest.fixture(autouse=True)
def forgotten():
    yield
    torch.compiler.reset()


def play(table: Table, first: int = 0, last: int = ROUNDS) -> Tensor:
    """The terms of rounds ``first`` to ``last``, (rounds, terms)."""
    for number in range(first, last):
        table.play(Clock(number, ROUNDS))
    return table.history.check(last)


def apart(kind: str, engine: dict[str, Any]) -> float:
    """By how much a term differs from eager float32 at most."""
    settings = WITHOUT_NOISE[kind]
    plain, other = (
        play(tiny.table(tiny.run(kind, switches, settings))) for switches in ({}, engine)
    )
    return (plain - other).abs().max().item()


@pytest.mark.parametrize("kind", WITHOUT_NOISE)
@pytest.mark.parametrize(
    ("engine", "tolerance"), [(LAYOUT, 1e-5), (LOW, 0.05), ({**LAYOUT, **LOW}, 0.05)]
)
def test_a_switch_stays_near_eager_float32(kind, engine, tolerance):
    found = apart(kind, engine)
    assert found < tolerance
    assert (found > 1e-4) == ("precision" in engine), "bfloat16 was used, and nowhere else"


@pytest.mark.parametrize("kind", tiny.METHODS)
def test_losses_are_float32_under_autocast(kind):
    table = tiny.table(tiny.run(kind, LOW))
    terms: list[Terms] = []

    def step(turn: Turn, evaluate: Any) -> Terms:
        terms.append(table.stepper(turn, evaluate))
        return terms[-1]

    play_round(table.game, table.batches, step, table.draws, Clock(0, ROUNDS))
    assert {loss.dtype for turn in terms for loss in turn.losses.values()} == {torch.float32}
    weights = [p for player in table.game.players.values() for p in player.parameters()]
    assert {weight.dtype for weight in weights} == {torch.float32}


# compiled players


def traced(kind: str) -> float:
    """As ``apart``, of players that are traced and split as a compiler's input, then run eagerly:
    whatever goes wrong before code is written shows, in a tenth of the time."""
    plain, other = (tiny.table(tiny.run(kind)) for _ in range(2))
    for player in other.game.players.values():
        player.compile(dynamic=False, backend="aot_eager_decomp_partition")
    return (play(plain, last=2) - play(other, last=2)).abs().max().item()


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # the tracer looks at it
@pytest.mark.parametrize("kind", ["sngan", "wgan_gp"])  # spectral norm; a gradient's gradient
def test_a_compiled_method_stays_near_eager(kind):
    assert traced(kind) < 1e-5


def test_a_compiled_run_resumes_to_the_bit_and_exchanges_checkpoints_with_eager(tmp_path: Path):
    run, eager = (tiny.run("autoencoder", {"compile": choice}) for choice in (True, False))
    whole = tiny.table(run)
    play(whole, last=1)
    checkpoints.write(tmp_path, 1, whole, 0.0)
    expected = play(whole, 1)
    tables = {"compiled": tiny.table(run), "eager": tiny.table(eager)}
    torch.compiler.reset()  # as in another process
    for name, table in tables.items():
        assert checkpoints.read(tmp_path, table) == (1, 0.0)
        assert list(table.snapshot(3)) == list(whole.snapshot(3)), "weights keep their names"
        assert (play(table, 1) - expected).abs().max() < 1e-5, name
    tiny.assert_same(tables["compiled"].snapshot(3), whole.snapshot(3))


def pair(network: nn.Module, x: Tensor) -> list[Tensor]:
    """The gradient of a loss on two passes, as a discriminator's on real and fake images."""
    torch.manual_seed(0)
    (network(x).square().mean() + network(2 * x).mean()).backward()
    return [parameter.grad for parameter in network.parameters()]


def test_a_compiled_spectral_norm_has_the_gradient_of_eager_mode():
    """The bug: the power iteration is done again in the backward, with the vectors as they are by
    then; PyTorch raises no error where a network is called once."""
    eager = nn.Sequential(spectral_norm(nn.Linear(5, 4)), nn.Dropout(0.5), nn.Linear(4, 1))
    fast = compiled(copy.deepcopy(eager), Engine(compile=True))
    x = torch.randn(3, 5)
    for expected, found in zip(pair(eager, x), pair(fast, x), strict=True):
        assert (expected - found).abs().max() < 1e-5
    once = [network(x).square().sum() for network in (eager.eval(), fast.eval())]
    assert abs(once[0] - once[1]) < 1e-5


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_compiled_upsampling_is_that_of_eager_mode(layout):
    images = torch.randn(2, 3, 4, 5).contiguous(memory_format=layout)
    way_back = torch.randn(2, 3, 8, 10)
    found = []
    for double in (resnet.double, torch.compile(resnet.double, backend="aot_eager")):
        x = images.clone().requires_grad_()
        y = double(x)
        y.backward(way_back)
        found.append((y, x.grad))
    assert torch.equal(found[0][0], found[1][0])
    assert (found[0][1] - found[1][1]).abs().max() < 1e-6


def test_a_missing_compiler_is_explained():
    from torch._inductor import config

    engine = Engine(compile=True)
    network = compiled(nn.Sequential(nn.Linear(3, 2), nn.Tanh()), engine)
    with (
        config.patch({"cpp.cxx": (None, "no-such-compiler")}),
        pytest.raises(ConfigurationError, match=r"engine\.compile: True was .*no-such-compiler"),
        compiling(engine),
    ):
        network(torch.randn(2, 3))


def test_cuda_graphs_are_a_way_to_compile():
    assert Engine(compile="cuda_graphs").compile == "cuda_graphs"
    assert Engine(compile=True).model_dump()["compile"] is True
    assert Engine().model_dump()["compile"] is False
    with pytest.raises(ValidationError, match="cuda_graphs"):
        Engine(compile="graphs")


# one pass for real and generated images


def discriminator_turn(passes: str, training: bool) -> tuple[Terms, dict[str, Tensor]]:
    """The terms of SN-GAN's first turn, and the discriminator's state after it."""
    table = tiny.table(tiny.run("sngan", settings={"passes": passes}))
    players, turn = table.game.players, table.game.turns[0]
    players["discriminator"].train(training)
    batch = next(table.batches)
    terms = turn.terms(players, batch, table.draws, Clock(0, 1), {})
    return terms, players["discriminator"].state_dict()


def test_one_pass_scores_as_two_where_nothing_moves():
    joint, separate = (discriminator_turn(passes, False)[0] for passes in ("joint", "separate"))
    for name, loss in separate.losses.items():
        assert abs(joint.losses[name] - loss) < 1e-6


def test_one_pass_is_one_power_iteration():
    layer = "trunk.blocks.1.conv1.parametrizations.weight"
    fresh = tiny.table(tiny.run("sngan")).game.players["discriminator"].state_dict()
    matrix, expected = fresh[f"{layer}.original"].flatten(1), fresh[f"{layer}.0.u"]
    for passes in ("joint", "separate"):  # one iteration, and another one
        expected = nn.functional.normalize(matrix @ (matrix.T @ expected), dim=0)
        found = discriminator_turn(passes, True)[1][f"{layer}.0.u"]
        assert (found - expected).abs().max() < 1e-5, passes


def test_a_lock_names_the_passes_where_they_are_joint():
    assert "passes" not in sngan.Settings().model_dump(mode="json")
    assert sngan.Settings(passes="joint").model_dump(mode="json")["passes"] == "joint"
