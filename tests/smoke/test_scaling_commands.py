"""`kedro plan --gpus`, `count-work` and `save-rates` on tiny projects."""

import json

import yaml

from tiny_project import Project

RUN = "jgan.cifar10_sngan.clean.seed0"


def test_a_plan_on_gpus_is_priced_with_a_named_machine(project: Project) -> None:
    project.run("kedro", "count-work", "--env", "smoke")
    work = project.read("conf/smoke/work.yml")
    assert {"jgan.cifar10_sngan", "jgan.cifar10_jgan", "shared.classifier_digits"} <= set(work)
    assert all(own["flops"] > 0 for own in work.values())
    again = project.run("kedro", "count-work", "--env", "smoke")
    assert "counting" not in again

    machine = {"device": "a slow GPU", "flops_per_second": 1e6, "basis": "made up"}
    project.write("conf/machines/slow.yml", machine)
    plan = ("kedro", "plan", "--pipelines", "jgan_table_1a", "--machine", "slow")
    said = project.run(*plan, "--gpus", "2", "--price-per-hour", "3")
    assert "counted" in said
    assert "on 2 GPUs (a slow GPU; made up)" in said
    assert "no schedule takes less than" in said
    assert "at 3.00, idle ones counted" in said
    assert "Did you mean 'slow'?" in project.run(*plan[:-1], "slov", fails=True)
    assert "--gpus" in project.run(*plan, "--price-per-hour", "3", fails=True)


def test_rates_of_this_machine_are_kept_and_planned_with(project: Project) -> None:
    said = project.run("kedro", "save-rates", "ours", fails=True)
    assert "none was recorded here" in said
    state = project.root / ".state/smoke" / RUN
    state.mkdir(parents=True)
    seen = {"round": 1, "rounds": 4, "seconds_per_round": 30.0, "pid": 2**22 + 1, "done": False}
    (state / "progress.json").write_text(json.dumps(seen))
    project.run("kedro", "save-rates", "ours")
    text = (project.root / "conf/machines/ours.yml").read_text()
    assert yaml.safe_load(text)["seconds_per_round"] == {"smoke": {"sngan": 30.0}}
    said = project.run("kedro", "plan", "--pipelines", "jgan_table_1a", "--machine", "ours")
    assert "30.000 measured" in said
