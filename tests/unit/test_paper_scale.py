"""Counts, machines, bills, and the page of the paper scale."""

import dataclasses
from pathlib import Path

import pytest

from gan_repro import counting, estimates, locks, paper_scale, planning
from gan_repro.errors import ConfigurationError, StaleLockError
from gan_repro.estimates import Machine, Rates
from gan_repro.runs import RunSpec
from gan_repro.scheduling import Job
from tiny_project import ROOT
from tiny_runs import run

CONF = ROOT / "conf"


def test_a_round_of_a_classifier_has_the_operations_that_its_layers_have() -> None:
    """A batch twice as large takes twice as many, and three convolutions can be counted by hand."""
    few, more = (
        counting.count(RunSpec(**run("classifier", batch_size=size)), CONF) for size in (8, 16)
    )
    assert more.flops == pytest.approx(2 * few.flops, rel=1e-3)
    assert few.snapshot_bytes == more.snapshot_bytes > 0
    assert few.state_bytes > 2 * few.snapshot_bytes


@pytest.mark.parametrize("kind", ["sngan", "wgan_gp", "stacked_gan"])
def test_shapes_alone_count_what_a_played_round_counts(kind: str) -> None:
    """Where a round can be played without values, the count is that of a real one."""
    from gan_repro.game import Clock

    spec = RunSpec(**run(kind))
    real, other = (counting._table(spec, CONF, spec.batch_size) for _ in range(2))
    played = [counting._played(real, Clock(number, spec.rounds)) for number in (1, 3)]
    assert counting._flops(spec, CONF, other) == pytest.approx(sum(played) / 2, rel=1e-2)


def test_every_trained_family_of_the_paper_scale_is_counted_as_it_is_now() -> None:
    found = {family: work.of for family, work in counting.read(CONF, "paper").items()}
    wanted: dict[str, set[str]] = {}
    for one in locks.read_runs(CONF, "paper"):
        if one.trained:
            of = counting.identity(RunSpec(**one.train))
            wanted.setdefault(counting.family_of(one), set()).add(of)
    stale = {family for family, identities in wanted.items() if found.get(family) not in identities}
    assert not stale, f"run `kedro count-work --env paper`: {sorted(stale)}"


def test_the_page_follows_from_the_lock_the_counts_and_the_machines(tmp_path: Path) -> None:
    paper_scale.check(ROOT)
    text = (ROOT / paper_scale.PAGE).read_text(encoding="utf-8")
    assert "`jgan_table_1a`" in text
    (tmp_path / "docs").mkdir()
    (tmp_path / "conf").symlink_to(CONF)
    (tmp_path / paper_scale.PAGE).write_text(text.replace("512", "511"), encoding="utf-8")
    with pytest.raises(StaleLockError, match="kedro export-plan"):
        paper_scale.check(tmp_path)


def test_a_bill_counts_idle_gpus_and_says_what_bounds_it() -> None:
    jobs = [Job(f"run{n}", seconds=7200.0, gpus=1.0) for n in range(3)]
    found = planning.bill(jobs, 2)
    assert (found.work, found.bound, found.seconds) == (21600.0, 10800.0, 14400.0)
    assert found.bounded_by == "work over GPUs"
    assert planning.bill(jobs, 3).bounded_by == "longest chain"
    said = planning.describe_bill(found, Machine(device="a GPU", basis="assumed"), 2.0)
    assert "GPU-hours: 6.0" in said
    assert "bill: 16.00 for 8.0 hours of a GPU at 2.00" in said


def test_a_machines_measured_rate_goes_before_its_assumed_speed() -> None:
    found = next(
        r for r in locks.read_runs(CONF, "paper") if r.train["method"].get("kind") == "jgan"
    )
    work = {counting.family_of(found): counting.Work("", 1e12, 0, 0)}
    assumed = Machine(device="a GPU", flops_per_second=1e13)
    rates = Rates({}, {}, work, assumed)
    assert rates.found(found) == (0.1, "counted")
    measured = assumed.model_copy(update={"seconds_per_round": {"paper": {"jgan": 0.2}}})
    assert dataclasses.replace(rates, machine=measured).found(found) == (0.2, "measured")
    assert Rates({}, {}).found(found) == (None, "unknown")


def test_rates_that_were_recorded_here_become_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_REPRO_STATE", str(tmp_path))
    runs = [r for r in locks.read_runs(CONF, "smoke") if r.train["method"].get("kind") == "sngan"]
    with pytest.raises(ConfigurationError, match="none was recorded here"):
        estimates.save(tmp_path / "conf", "mine", "smoke", runs)
    state = tmp_path / "smoke" / runs[0].key
    state.mkdir(parents=True)
    (state / "progress.json").write_text('{"round": 4, "seconds_per_round": 0.25}')
    estimates.save(tmp_path / "conf", "mine", "smoke", runs)
    machine = estimates.read_machine(tmp_path / "conf", "mine")
    assert machine.seconds_per_round == {"smoke": {"sngan": 0.25}}
    with pytest.raises(ConfigurationError, match="Did you mean 'mine'"):
        estimates.read_machine(tmp_path / "conf", "mime")
