"""The board's order, its simulation, and their bound."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_repro.errors import ConfigurationError
from gan_repro.scheduling import Board, Capacity, Job, bound, ways
from gan_repro.simulation import Failures, simulate


def chain(*seconds: float) -> list[Job]:
    """Jobs that follow each other."""
    return [
        Job(f"link{n}", frozenset({f"link{n - 1}"} if n else ()), length)
        for n, length in enumerate(seconds)
    ]


@st.composite
def campaigns(draw: st.DrawFn) -> list[Job]:
    """Up to 30 jobs of one CPU, each after some of those before it."""
    jobs: list[Job] = []
    for number in range(draw(st.integers(1, 30))):
        before = draw(st.sets(st.integers(0, max(number - 1, 0)), max_size=3)) if number else set()
        seconds = draw(st.floats(0.1, 100))
        jobs.append(Job(f"job{number}", frozenset(f"job{n}" for n in before), seconds))
    return jobs


@settings(max_examples=50, deadline=None)
@given(campaigns(), st.integers(1, 8))
def test_a_schedule_lies_between_its_bound_and_grahams(jobs: list[Job], cpus: int) -> None:
    there = Capacity(cpus)
    least, found = bound(jobs, there), simulate(jobs, there)
    longest = max(ways(jobs).values())
    work = sum(job.seconds for job in jobs)
    assert least <= found.seconds * (1 + 1e-9)
    assert found.seconds <= (work / cpus + longest * (1 - 1 / cpus)) * (1 + 1e-9)  # Graham 1969
    place = {name: index for index, name in enumerate(found.order)}
    assert len(place) == len(jobs)
    assert all(place[before] < place[job.name] for job in jobs for before in job.after)


@settings(max_examples=20, deadline=None)
@given(campaigns())
def test_one_cpu_and_endless_ones_reach_the_bound(jobs: list[Job]) -> None:
    for cpus in (1, len(jobs)):
        there = Capacity(cpus)
        assert simulate(jobs, there).seconds == pytest.approx(bound(jobs, there))


def test_the_longest_way_goes_first_whatever_the_order_given() -> None:
    jobs = [Job("alone", seconds=5.0), *chain(1.0, 9.0), Job("short", seconds=1.0)]
    assert ways(jobs) == {"alone": 5.0, "link0": 10.0, "link1": 9.0, "short": 1.0}
    assert simulate(jobs, Capacity(1)).order == ["link0", "link1", "alone", "short"]


def test_small_jobs_do_not_keep_a_large_one_waiting_but_use_what_it_does_not_need() -> None:
    board = Board(
        [
            Job("small", seconds=9.0, gpus=0.5),
            Job("large", seconds=8.0, gpus=1.0),
            Job("other", seconds=7.0, gpus=0.5),
            Job("table", seconds=1.0),
        ]
    )
    there = Capacity(cpus=4, gpus=1)
    assert [job.name for job in board.fill(there)] == ["small", "table"]
    board.finish("small")
    assert [job.name for job in board.fill(there)] == ["large"]


def test_what_needs_a_failure_is_left_undone_and_the_rest_goes_on() -> None:
    board = Board([*chain(3.0, 2.0, 1.0), Job("other", seconds=1.0)])
    assert [job.name for job in board.fill(Capacity(2))] == ["link0", "other"]
    board.fail("link0", "it broke")
    board.finish("other")
    assert not board.fill(Capacity(2))
    assert board.next() is None
    assert board.failed == {"link0": "it broke"}
    assert board.undone == ["link1", "link2"]


def test_a_job_larger_than_the_cluster_is_tried_when_nothing_else_runs() -> None:
    jobs = [Job("large", seconds=1.0, cpus=4), Job("small", seconds=2.0)]
    assert simulate(jobs, Capacity(2)).order == ["small", "large"]


def test_jobs_in_a_circle_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="one, two: they wait for each other"):
        ways([Job("one", frozenset({"two"})), Job("two", frozenset({"one"}))])


def test_failures_cost_what_they_say() -> None:
    jobs = [Job(f"run{n}", seconds=36000.0, gpus=1.0) for n in range(200)]
    there, often = Capacity(400, 200), Failures(10.0, 600.0, 60.0)
    calm, found = simulate(jobs, there), simulate(jobs, there, often)
    assert calm.failures == 0
    assert calm.seconds == 36000.0
    assert 150 < found.failures < 250  # 200 are expected
    lost = (found.busy - calm.busy) / found.failures
    assert 60 + 240 < lost < 60 + 360  # 60 and half of 600
    assert simulate(jobs, there, often) == found
