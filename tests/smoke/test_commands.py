"""`kedro lock | plan | status | registry list` on tiny projects."""

import json
import os
import shutil
import time

import pytest
import yaml

from tiny_project import ROOT, Project

RUN = "jgan.cifar10_sngan.clean.seed0"
LOCK = "conf/smoke/runs/jgan/cifar10_sngan.yml"


def test_lock_check_bites_and_names_what_differs(project: Project) -> None:
    project.run("kedro", "lock", "--check")
    path = project.root / LOCK
    path.write_text(path.read_text().replace("batch_size: 32", "batch_size: 16"))
    (project.root / "conf/smoke/runs/jgan/forgotten.yml").write_text("{}\n")
    os.remove(project.root / "conf/smoke/runs/shared/classifier_digits.yml")
    said = project.run("kedro", "lock", "--check", fails=True)
    assert "clean.seed0.train.batch_size: 16 -> 32" in said
    assert "forgotten.yml: superfluous" in said
    assert "classifier_digits.yml: missing" in said
    assert "kedro lock --env smoke" in said
    project.run("kedro", "lock")
    project.run("kedro", "lock", "--check")
    assert not (project.root / "conf/smoke/runs/jgan/forgotten.yml").exists()


def test_a_wrong_paper_is_refused_with_all_faults_before_anything_is_written(
    project: Project,
) -> None:
    paper = project.read("conf/papers/jgan.yml")
    paper["families"]["cifar10_jgan"]["method"]["kind"] = "jgann"
    paper["families"]["cifar10_sngan"]["method"]["bata1"] = 0.4
    project.write("conf/papers/jgan.yml", paper)
    before = (project.root / LOCK).read_bytes()
    said = project.run("kedro", "lock", fails=True)
    assert "Did you mean 'jgan'?" in said
    assert "bata1" in said
    assert "Traceback" not in said
    assert (project.root / LOCK).read_bytes() == before


def test_plan_says_what_a_pipeline_costs_and_does_nothing(project: Project) -> None:
    rates = {"seconds_per_round": {"sngan": 30.0, "jgan": 60.0, "classifier": 0.0}}
    project.write("conf/smoke/rates.yml", rates)
    said = project.run("kedro", "plan", "--pipelines", "jgan_table_1a")
    assert "runs: 4, of which 0 are done" in said  # sngan, 2 x jgan, classifier
    assert "rounds left: 32 of 32" in said  # 3 x 4 + 20
    assert "10 min" in said  # 4 x 30 s + 8 x 60 s
    assert "2 splits of images, 2 label sets, 1 references" in said
    assert not (project.root / "data").exists()
    assert "unknown" in project.run("kedro", "plan")  # no rate is stated for projection_cbn


def test_status_tells_done_from_stale_running_interrupted_and_to_do(project: Project) -> None:
    project.run("kedro", "run", "--namespaces", "data.digits,labels.digits")
    train = "jgan.cifar10_sngan.train_clean_seed0,jgan.cifar10_jgan.train_noise00_seed0"
    project.run("kedro", "run", "--nodes", train)
    said = project.run("kedro", "status")
    assert "9 runs: 7 to do, 2 not scored" in said

    paper = project.read("conf/papers/jgan.yml")
    paper["families"]["cifar10_sngan"]["method"]["beta1"] = 0.4
    project.write("conf/papers/jgan.yml", paper)
    project.run("kedro", "lock")
    _pretend(project, "jgan.cifar10_jgan.noise40.seed0", done=1, pid=os.getpid())
    _pretend(project, "jgan.cifar100_projection_cbn.noise00.seed0", done=3, pid=2**22 + 1)
    said = project.run("kedro", "status")
    assert f"{RUN}  " in said
    assert "stale" in said
    assert "method.beta1: 0.5 -> 0.4" in said
    lines = {line.split()[0]: line.split()[1:] for line in said.splitlines() if "seed0" in line}
    assert lines["jgan.cifar10_jgan.noise40.seed0"][:4] == ["running", "1/4", "30", "s"]
    assert lines["jgan.cifar100_projection_cbn.noise00.seed0"][:4] == [
        "interrupted",
        "3/4",
        "10",
        "s",
    ]


def _pretend(project: Project, run: str, done: int, pid: int) -> None:
    folder = project.root / ".state" / "smoke" / run
    folder.mkdir(parents=True)
    state = {"round": done, "rounds": 4, "seconds_per_round": 10.0, "pid": pid, "done": False}
    (folder / "progress.json").write_text(json.dumps(state))


def test_a_hash_of_code_sees_what_it_does_and_nothing_else(project: Project) -> None:
    def hashes() -> dict[str, str]:
        project.run("kedro", "hash-code")
        return dict(project.read("dvc/code/code.json"))

    before = hashes()
    path = project.root / "src/gan_repro/nets/conditioning.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n\n# a comment\n", encoding="utf-8")
    assert hashes() == before
    path.write_text(text + "\n\nSOMETHING = 1\n", encoding="utf-8")
    after = hashes()
    changed = {root for root in before if before[root] != after[root]}
    assert "methods/projection_cbn" in changed
    assert not changed & {"methods/classifier", "training", "datasets/mnist", "labels/clean"}


@pytest.mark.parametrize("runs", [1000])
def test_a_thousand_runs_are_listed_in_five_seconds(project: Project, runs: int) -> None:
    folder = project.root / "conf/smoke/runs/jgan"
    template = yaml.safe_load((folder / "cifar10_jgan.yml").read_text())["noise40"]["seed0"]
    shutil.rmtree(folder)
    folder.mkdir()
    for family in range(runs // 20):
        seeds = {}
        for seed in range(20):
            key = f"jgan.family{family}.noise40.seed{seed}"
            seeds[f"seed{seed}"] = {**template, "train": {**template["train"], "key": key}}
        project.write(f"conf/smoke/runs/jgan/family{family}.yml", {"noise40": seeds})
    began = time.perf_counter()
    said = project.run("kedro", "registry", "list")
    assert time.perf_counter() - began < 5
    assert "jgan_table_1b" in said
    assert "family49.train_noise40_seed19" in project.run("kedro", "registry", "describe", "jgan")


def test_this_projects_generated_files_are_current() -> None:
    real = Project(ROOT)
    real.run("kedro", "lock", "--check")
    real.run("kedro", "export-dvc", "--check")
