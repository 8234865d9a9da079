"""The Ray runner on a real cluster: two machines that are two `ray start` with a shared folder."""

import os
import re
import shutil
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node

from gan_repro.errors import ConfigurationError
from gan_repro.runners import RayRunner
from gan_repro.runners.dispatch import capacity, dispatch
from gan_repro.runners.ray_runner import cluster
from gan_repro.runners.view import View
from gan_repro.scheduling import Board, Job
from gan_repro.simulation import simulate
from ray_cluster import ENVIRONMENT, two_machines
from tiny_project import Project

RUN = "jgan.cifar10_jgan.noise00.seed0"
RAY = ("--runner", "gan_repro.runners.RayRunner")
TABLE = "data/08_reporting/smoke/tables/jgan/table_1a.json"
PATIENCE = 300.0


@pytest.fixture(scope="module")
def machines() -> Iterator[None]:
    """Two machines with a CPU each, which every command of this file finds by RAY_ADDRESS."""
    with pytest.MonkeyPatch.context() as patch, two_machines() as address:
        for name, value in {**ENVIRONMENT, "RAY_ADDRESS": address}.items():
            patch.setenv(name, value)
        yield


def results(project: Project) -> dict[str, bytes]:
    """All that a table rests on, to the bit."""
    files = [project.root / TABLE, *(project.root / "data").rglob("scores.json")]
    files += (project.root / "data/06_models").rglob("*.safetensors")
    return {file.relative_to(project.root).as_posix(): file.read_bytes() for file in files}


def wait_for(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.05)


def test_two_machines_fill_a_table_together_and_a_killed_worker_changes_no_bit(
    project: Project, machines: None
) -> None:
    scale = project.read("conf/scales/smoke.yml")
    scale["rounds_fraction"]["jgan"] = 0.002  # 200 rounds: long enough to be killed in
    scale["engine"] |= {"checkpoint_every": 10, "log_every": 10}
    project.write("conf/scales/smoke.yml", scale)
    project.run("kedro", "lock")
    alone = Project(shutil.copytree(project.root, project.root.with_name("alone")))
    command = ("kedro", "run", "--pipelines", "jgan_table_1a")

    with project.start(*command, *RAY) as process:
        state = project.root / ".state/smoke" / RUN
        wait_for(state / "checkpoint.json")
        worker = project.read(f".state/smoke/{RUN}/progress.json")["pid"]
        assert worker != process.pid
        os.kill(worker, signal.SIGKILL)
        said = process.communicate()[0]
    assert process.returncode == 0, said
    assert "16 nodes were done, on 2 machines" in said
    provenance = f"data/08_reporting/smoke/{RUN.replace('.', '/')}/provenance.json"
    assert project.read(provenance)["resumed_at_round"] >= 10

    alone.run(*command)
    assert results(project) == results(alone)


def test_an_exception_is_named_others_go_on_and_dvc_records_what_was_finished(
    shared_project: Project, machines: None
) -> None:
    paper = shared_project.read("conf/papers/jgan.yml")
    paper["families"]["cifar10_jgan"]["method"]["generator_learning_rate"] = 1e30
    shared_project.write("conf/papers/jgan.yml", paper)
    shared_project.run("kedro", "lock")
    command = ("kedro", "dvc-run", "--pipelines", "jgan_table_1a", *RAY)
    said = shared_project.run(*command, fails=True)
    assert re.search(r"2 of \d+ nodes failed, 5 were left undone, \d+ were finished", said), said
    assert "train_noise00_seed0: NonFiniteLossError: jgan.cifar10_jgan.noise00.seed0" in said
    for name in ("jgan.cifar10_jgan.evaluate_noise40_seed0", "jgan.tables.fill_table_1a"):
        assert name in said.partition("left undone, for")[2]
    assert "up to date" in shared_project.run("dvc", "status", "jgan-cifar10_sngan")
    assert "changed" in shared_project.run("dvc", "status", "jgan-cifar10_jgan")

    said = shared_project.run(*command, fails=True)  # once more: what was recorded is not stale
    assert re.search(r"2 of 7 nodes failed, 5 were left undone, 0 were finished", said), said
    said = shared_project.run("kedro", "dvc-run", "--pipelines", "data")  # in this process
    assert (
        "stages that ran and were recorded: 1" in said
    )  # of digit_pairs; that of digits is not stale
    assert "up to date" in shared_project.run("dvc", "status", "data-digit_pairs")


def test_ray_starts_jobs_in_the_simulated_order(machines: None) -> None:
    lengths = {"long": 2.0, "middle": 1.2, "short": 0.4, "tail": 1.0}
    jobs = [Job(name, seconds=seconds) for name, seconds in lengths.items()]
    jobs[3] = Job("tail", frozenset({"middle"}), seconds=1.0)  # so that "middle" comes first
    seen: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # Ray's own
        import ray

        with cluster():
            board, there = Board(jobs), capacity()

            @ray.remote
            def sleep(seconds: float) -> str:
                time.sleep(seconds)
                return str(ray.get_runtime_context().get_node_id())

            def submit(job: Job) -> object:
                seen.append(job.name)
                return sleep.options(num_cpus=job.cpus).remote(job.seconds)

            with View(board, "smoke") as view:
                places = dispatch(board, submit, view)
        assert not ray.is_initialized()
    assert there.cpus == 2
    assert seen == simulate(jobs, there).order == ["middle", "long", "tail", "short"]
    assert set(board.finished) == set(lengths)
    assert len(places) == 2


def test_what_would_lie_in_memory_is_refused_before_ray_is_asked() -> None:
    pipeline = Pipeline([node(abs, "a", "b", name="first"), node(abs, "b", "c", name="second")])
    with pytest.raises(ConfigurationError, match=r"b, c: would lie in one worker's memory"):
        RayRunner().run(pipeline, DataCatalog({"a": MemoryDataset(1)}))


def test_nothing_to_do_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # where nothing answers
    assert RayRunner().run(Pipeline([]), DataCatalog()) == {}


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"gpus": 1.5}, {"gpus": 0}, {"retries": -1}])
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=r"--runner-params: .* expected"):
        RayRunner(**wrong)
