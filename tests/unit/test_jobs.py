"""Nodes of real pipelines as jobs: whose they are, what they hold, what they wait for."""

from functools import cache

import pytest

from gan_repro import counting, pipeline_registry
from gan_repro.campaign import Campaign, read_campaign
from gan_repro.counting import Work
from gan_repro.estimates import Machine, Rates
from gan_repro.jobs import Placing, Pricing
from gan_repro.scheduling import Job, gpu_share, ways
from tiny_project import ROOT

TRAIN = "jgan.cifar10_sngan.train_clean_seed0"


@cache
def campaign(scale: str) -> Campaign:
    return read_campaign(ROOT / "conf", scale)


def priced(scale: str, placing: Placing, flops: float = 1e12) -> dict[str, Job]:
    """The jobs of JGAN's Table 1 (a), each round of so many operations, 1e12 of them a second."""
    found = campaign(scale)
    work = {counting.family_of(run): Work("", flops, 0, 0) for run in found.runs}
    rates = Rates({}, {}, work, Machine(device="a GPU", flops_per_second=1e12))
    runs = {run.key: run for run in found.runs}
    pipeline = pipeline_registry.build(found)["jgan_table_1a"]
    jobs = Pricing(runs, found.protocols, rates, placing).jobs(pipeline)
    return {job.name: job for job in jobs}


def test_a_training_is_known_by_its_run_and_waits_for_images_and_labels() -> None:
    jobs = priced("paper", Placing(gpus=True, anew=True))
    train = jobs[TRAIN]
    assert (train.run, train.trains) == ("jgan.cifar10_sngan.clean.seed0", True)
    assert train.after == {"data.cifar10.read_train", "labels.cifar10.make_clean"}
    assert train.cpus == 2  # the scale's threads
    assert train.gpus == 1
    assert 100_000 <= train.seconds < 101_000  # a second a round
    score = jobs["jgan.cifar10_sngan.evaluate_clean_seed0"]
    assert (score.run, score.trains, score.gpus) == (train.run, False, 1)
    assert TRAIN in score.after
    table = jobs["jgan.tables.fill_table_1a"]
    assert (table.run, table.gpus, table.cpus) == ("", 0, 1)
    assert ways(jobs.values())[TRAIN] > train.seconds + score.seconds


@pytest.mark.parametrize(("flops", "share"), [(1e10, 0.25), (1e11, 0.5), (1e12, 1.0)])
def test_small_rounds_share_a_gpu_and_are_not_said_to_gain_by_it(
    flops: float, share: float
) -> None:
    whole = priced("paper", Placing(gpus=True, share=1.0, anew=True), flops)[TRAIN]
    shared = priced("paper", Placing(gpus=True, anew=True), flops)[TRAIN]
    assert gpu_share(flops) == shared.gpus == share
    training = [job.seconds - 60 for job in (whole, shared)]  # beside what every node costs
    assert training[1] * share == pytest.approx(training[0])


def test_nobody_asks_for_a_gpu_that_is_not_there_or_not_wanted() -> None:
    assert not any(job.gpus for job in priced("cpu", Placing()).values())
    assert priced("cpu", Placing(gpus=True))[TRAIN].gpus == 1  # its device is "auto"
    smoke = priced("smoke", Placing(gpus=True))  # whose device is "cpu"
    assert not any(job.gpus for job in smoke.values() if job.run)


def test_no_run_asks_for_more_cpus_than_a_machine_has() -> None:
    placing = Placing(most_cpus=1)
    assert {job.cpus for job in priced("paper", placing).values()} == {1}
