"""Commands for more than one GPU: ``kedro count-work``, ``save-rates``, ``dvc-run`` and others."""

from typing import Any

import click

from gan_repro import commands


@click.command("count-work")
@click.option("--env", "-e", default="paper", show_default=True, help="The scale.")
@commands.explained
def count_work(env: str) -> None:
    """Count the operations of a round and the bytes of a snapshot, by family.

    Writes conf/ENV/work.yml, from which `kedro plan --machine` estimates hours. Only what is new or
    has changed is counted; interrupt and repeat it at will.
    """
    from gan_repro import counting, locks

    root = commands.root()
    runs = locks.read_runs(root / "conf", env)
    file = counting.write(root / "conf", env, runs, lambda name: click.echo(f"counting {name}"))
    click.echo(f"{file.relative_to(root)} is current.")


@click.command("export-plan")
@click.option("--check", is_flag=True, help="Change nothing; fail where the page is stale.")
@commands.explained
def export_plan(check: bool) -> None:
    """Write docs/paper-scale.md: what every table costs at paper scale."""
    from gan_repro import paper_scale

    root = commands.root()
    if check:
        paper_scale.check(root)
        click.echo("docs/paper-scale.md is current.")
    else:
        commands.say(paper_scale.write(root), root, "docs/paper-scale.md was current.")


@click.command("save-rates")
@commands.ENV
@click.argument("name")
@commands.explained
def save_rates(env: str, name: str) -> None:
    """Keep this machine's measured rates as conf/machines/NAME.yml, for `kedro plan --machine`."""
    from gan_repro import estimates, locks

    root = commands.root()
    runs = locks.read_runs(root / "conf", env)
    file = estimates.save(root / "conf", name, env, runs)
    click.echo(f"wrote {file.relative_to(root)}")


@click.command("dvc-run")
@commands.ENV
@commands.PIPELINES
@click.option("--runner", "-r", default="SequentialRunner", show_default=True, help="Kedro's.")
@click.option("--runner-params", default="", help="name=value, with commas, for the runner.")
@commands.explained
def dvc_run(env: str, pipelines: str, runner: str, runner_params: str) -> None:
    """Run a pipeline's stale DVC stages with any runner, and let DVC record those that ran."""
    from gan_repro import dvc_record

    params: dict[str, Any] = dict(_pair(text) for text in runner_params.split(",") if text)
    stages = dvc_record.run(commands.root(), env, pipelines.split(","), runner, params)
    click.echo(f"stages that ran and were recorded: {len(stages)}")


def _pair(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"--runner-params: expected name=value, got {text!r}")
    try:
        return name, int(value)
    except ValueError:
        return name, float(value) if value.replace(".", "", 1).isdecimal() else value
