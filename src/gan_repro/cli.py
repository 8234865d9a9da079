"""The project's own commands: ``kedro fetch``, ``lock``, ``plan``, ``status`` and others."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gan_repro import commands, scaling_cli

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

    from gan_repro.estimates import Rates
    from gan_repro.locks import LockedRun
    from gan_repro.status import Status


@click.group(name="gan_repro")
def cli() -> None:
    """Commands of gan_repro."""


for command in (
    scaling_cli.count_work, scaling_cli.export_plan, scaling_cli.save_rates, scaling_cli.dvc_run,
):  # fmt: skip
    cli.add_command(command)


@cli.command()
@click.argument("name")
@commands.explained
def fetch(name: str) -> None:
    """Bring the raw files of data set NAME; interrupt and repeat it at will."""
    from gan_repro import fetching
    from gan_repro.entries import data_root

    root = commands.root()
    folder = fetching.fetch(name, root / data_root() / "01_raw", root / "conf")
    click.echo(f"{name}: every file is in {folder}, and checked.")


@cli.command()
@click.option("--check", is_flag=True, help="Change nothing; fail where a lock is stale.")
@click.option("--env", "-e", default=None, help="One scale; all of them without it.")
@commands.explained
def lock(check: bool, env: str | None) -> None:
    """Resolve every run of conf/papers at every scale into conf/<scale>/runs."""
    from gan_repro import locks

    conf = commands.root() / "conf"
    for scale in [env] if env else locks.scales(conf):
        if check:
            locks.check(conf, scale)
            click.echo(f"{scale}: the lock is current.")
        else:
            commands.say(locks.write(conf, scale), conf.parent, f"{scale}: the lock was current.")


@cli.command("export-dvc")
@click.option("--check", is_flag=True, help="Change nothing; fail where a dvc.yaml is stale.")
@commands.explained
def export_dvc(check: bool) -> None:
    """Write dvc.yaml and dvc/*/*/dvc.yaml from pipelines, catalog and code."""
    from gan_repro import dvc_export

    root = commands.root()
    if check:
        dvc_export.check(root)
        click.echo("every dvc.yaml is current.")
    else:
        commands.say(dvc_export.write(root), root, "every dvc.yaml was current.")


@cli.command("hash-code")
@commands.explained
def hash_code() -> None:
    """Write the hashes that DVC's stages of the larger scales depend on; DVC calls it."""
    from gan_repro import atomic, dvc_stages
    from gan_repro.campaign import read_campaign

    root = commands.root()
    campaign = read_campaign(root / "conf", dvc_stages.TOP_LEVEL_SCALE)
    text = json.dumps(dvc_stages.code_hashes(campaign), indent=1) + "\n"
    atomic.write_text(root / dvc_stages.CODE_HASHES, text)


@cli.command()
@commands.ENV
@commands.PIPELINES
@click.option("--machine", metavar="NAME", help="Rates of conf/machines/NAME.yml, not of here.")
@click.option("--gpus", type=click.IntRange(1), help="Simulate the distributed run on so many.")
@click.option("--price-per-hour", "price", type=float, help="Of one GPU, for a bill.")
@commands.explained
def plan(
    env: str, pipelines: str, machine: str | None, gpus: int | None, price: float | None
) -> None:
    """Print runs, shared work, rounds, time, disk and a bill of a pipeline; do nothing."""
    from gan_repro import planning
    from gan_repro.jobs import Placing, Pricing
    from gan_repro.scales import read_scale

    if price is not None and gpus is None:
        raise click.UsageError("--price-per-hour: a bill needs the number of --gpus.")
    conf = commands.root() / "conf"
    asked, rates = _asked(commands.root(), env, pipelines), _rates(conf.parent, env, machine)
    families = planning.plan(asked.statuses, rates, conf)
    click.echo(read_scale(conf / "scales" / f"{env}.yml").honesty.strip() + "\n")
    click.echo(planning.describe(families, [node.name for node in asked.pipeline.nodes]))
    if gpus:
        placing = Placing(gpus=True, most_cpus=planning.CPUS_PER_GPU)
        jobs = Pricing(asked.runs, asked.protocols, rates, placing).jobs(asked.pipeline)
        click.echo("\n" + planning.describe_bill(planning.bill(jobs, gpus), rates.machine, price))


@cli.command("status")
@commands.ENV
@commands.PIPELINES
@click.option("--runs", "every", is_flag=True, help="Show runs that are done or to do as well.")
@commands.explained
def show_status(env: str, pipelines: str, every: bool) -> None:
    """Print which runs are done, stale, running, interrupted or to do, and the time left."""
    from gan_repro import status

    root = commands.root()
    asked = _asked(root, env, pipelines)
    click.echo(f"{env}: {status.describe(asked.statuses, _rates(root, env), every)}")


@cli.command("turing-test")
@commands.ENV
@click.option("--run", "keys", multiple=True, metavar="KEY", help="A trained run; may be repeated.")
@click.option("--report", is_flag=True, help="Print what the votes say; serve nothing.")
@click.option("--votes", type=click.Path(path_type=Path), help="The file of the votes.")
@click.option("--samples", default=1000, show_default=True, help="Images drawn from each run.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to serve at.")
@click.option("--port", default=8765, show_default=True, help="Its port; 0 takes a free one.")
@commands.explained
def turing_test(
    env: str, keys: tuple[str, ...], report: bool, votes: Path | None, samples: int, host: str,
    port: int,
) -> None:  # fmt: skip
    """Let people tell samples of trained runs from real images, in a browser.

    KEY is paper.family.condition.seed. Unless --votes says otherwise, votes go to
    data/08_reporting/turing/ENV.sqlite.
    """
    from gan_repro import exhibits
    from gan_repro.turing import pages
    from gan_repro.turing.report import describe, results
    from gan_repro.turing.votes import Votes

    if report == bool(keys):
        raise click.UsageError("either name trained runs with --run, or ask for the --report.")
    root = commands.root()
    file = votes or exhibits.votes_file(root, env)
    if report:
        click.echo(f"{file}\n\n{describe(results(file))}")
        return
    pages.check_installed()
    shown = exhibits.gather(root, env, keys, samples)
    pages.serve(
        pages.application(shown, Votes(file)), host, port,
        lambda address: click.echo(f"{address}  (votes go to {file}; Ctrl-C ends it)"),
    )  # fmt: skip


class _Asked(NamedTuple):
    """A pipeline, the status of the runs that it trains, and what else it is made of."""

    pipeline: "Pipeline"
    statuses: "list[Status]"
    runs: "dict[str, LockedRun]"
    protocols: "Mapping[str, Any]"


def _asked(root: Path, env: str, pipelines: str) -> _Asked:
    from kedro.pipeline import Pipeline

    from gan_repro import pipeline_registry, status
    from gan_repro.campaign import read_campaign
    from gan_repro.checking import known_names
    from gan_repro.entries import Entries, data_root

    campaign = read_campaign(root / "conf", env)
    built, names = pipeline_registry.build(campaign), pipelines.split(",")
    for name in names:
        if name not in built:
            raise click.BadParameter(f"no pipeline is called {name!r}. {known_names(name, built)}")
    pipeline = Pipeline({node.name: node for name in names for node in built[name].nodes}.values())
    made = {output for node in pipeline.nodes for output in node.outputs}
    entries = Entries(root, env, data_root())

    def output(run: str, what: str) -> Path:
        return root / entries.path(f"{run}.{what}")

    statuses = [
        status.status(run, partial(output, run.key))
        for run in campaign.runs
        if f"{run.key}.snapshots" in made
    ]
    runs = {run.key: run for run in campaign.runs}
    return _Asked(pipeline, statuses, runs, campaign.protocols)


def _rates(root: Path, env: str, machine: str | None = None) -> "Rates":
    """Rates that any run of the scale has recorded here, and those that the scale states."""
    from gan_repro import estimates, locks

    conf = root / "conf"
    return estimates.read_rates(conf, env, locks.read_runs(conf, env), machine)
