"""The project's own commands: ``kedro fetch``, ``lock``, ``plan``, ``status`` and others."""

import json
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from kedro.utils import find_kedro_project

from gan_repro.errors import GanReproError

if TYPE_CHECKING:
    from gan_repro.status import Rates, Status

ENV = click.option("--env", "-e", default="smoke", show_default=True, help="The scale.")
PIPELINES = click.option("--pipelines", "-p", default="__default__", help="Names, with commas.")


def _root() -> Path:
    """The project's folder, from any folder inside it."""
    return Path(find_kedro_project(Path.cwd()) or Path.cwd())


def _explained(command: Callable[..., None]) -> Callable[..., None]:
    """Show our own errors as messages, not as tracebacks."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except GanReproError as error:
            raise click.ClickException(str(error)) from error

    return run


@click.group(name="gan_repro")
def cli() -> None:
    """Commands of gan_repro."""


@cli.command()
@click.argument("name")
@_explained
def fetch(name: str) -> None:
    """Bring the raw files of data set NAME; interrupt and repeat it at will."""
    from gan_repro import fetching
    from gan_repro.entries import data_root

    root = _root()
    folder = fetching.fetch(name, root / data_root() / "01_raw", root / "conf")
    click.echo(f"{name}: every file is in {folder}, and checked.")


@cli.command()
@click.option("--check", is_flag=True, help="Change nothing; fail where a lock is stale.")
@click.option("--env", "-e", default=None, help="One scale; all of them without it.")
@_explained
def lock(check: bool, env: str | None) -> None:
    """Resolve every run of conf/papers at every scale into conf/<scale>/runs."""
    from gan_repro import locks

    conf = _root() / "conf"
    for scale in [env] if env else locks.scales(conf):
        if check:
            locks.check(conf, scale)
            click.echo(f"{scale}: the lock is current.")
        else:
            _say(locks.write(conf, scale), conf.parent, f"{scale}: the lock was current.")


@cli.command("export-dvc")
@click.option("--check", is_flag=True, help="Change nothing; fail where a dvc.yaml is stale.")
@_explained
def export_dvc(check: bool) -> None:
    """Write dvc.yaml and dvc/*/*/dvc.yaml from pipelines, catalog and code."""
    from gan_repro import dvc_export

    root = _root()
    if check:
        dvc_export.check(root)
        click.echo("every dvc.yaml is current.")
    else:
        _say(dvc_export.write(root), root, "every dvc.yaml was current.")


@cli.command("hash-code")
@_explained
def hash_code() -> None:
    """Write the hashes that DVC's stages of the larger scales depend on; DVC calls it."""
    from gan_repro import atomic, dvc_stages
    from gan_repro.campaign import read_campaign

    root = _root()
    campaign = read_campaign(root / "conf", dvc_stages.TOP_LEVEL_SCALE)
    text = json.dumps(dvc_stages.code_hashes(campaign), indent=1) + "\n"
    atomic.write_text(root / dvc_stages.CODE_HASHES, text)


@cli.command()
@ENV
@PIPELINES
@_explained
def plan(env: str, pipelines: str) -> None:
    """Print runs, shared work, rounds, time and disk of a pipeline; do nothing."""
    from gan_repro import planning
    from gan_repro.scales import read_scale

    root = _root()
    asked = _asked(root, env, pipelines)
    families = planning.plan(asked.statuses, _rates(root, env), root / "conf")
    click.echo(read_scale(root / "conf" / "scales" / f"{env}.yml").honesty.strip() + "\n")
    click.echo(planning.describe(families, asked.nodes))


@cli.command("status")
@ENV
@PIPELINES
@click.option("--runs", "every", is_flag=True, help="Show runs that are done or to do as well.")
@_explained
def show_status(env: str, pipelines: str, every: bool) -> None:
    """Print which runs are done, stale, running, interrupted or to do, and the time left."""
    from gan_repro import status

    root = _root()
    asked = _asked(root, env, pipelines)
    click.echo(f"{env}: {status.describe(asked.statuses, _rates(root, env), every)}")


@cli.command("turing-test")
@ENV
@click.option("--run", "keys", multiple=True, metavar="KEY", help="A trained run; may be repeated.")
@click.option("--report", is_flag=True, help="Print what the votes say; serve nothing.")
@click.option("--votes", type=click.Path(path_type=Path), help="The file of the votes.")
@click.option("--samples", default=1000, show_default=True, help="Images drawn from each run.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to serve at.")
@click.option("--port", default=8765, show_default=True, help="Its port; 0 takes a free one.")
@_explained
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
    root = _root()
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
    """A pipeline's nodes by name, and the status of the runs that it trains."""

    nodes: list[str]
    statuses: "list[Status]"


def _asked(root: Path, env: str, pipelines: str) -> _Asked:
    from gan_repro import pipeline_registry, status
    from gan_repro.campaign import read_campaign
    from gan_repro.checking import known_names
    from gan_repro.entries import Entries, data_root

    campaign = read_campaign(root / "conf", env)
    built, names = pipeline_registry.build(campaign), pipelines.split(",")
    for name in names:
        if name not in built:
            raise click.BadParameter(f"no pipeline is called {name!r}. {known_names(name, built)}")
    nodes = {node.name: node for name in names for node in built[name].nodes}
    made = {output for node in nodes.values() for output in node.outputs}
    entries = Entries(root, env, data_root())

    def output(run: str, what: str) -> Path:
        return root / entries.path(f"{run}.{what}")

    return _Asked(
        list(nodes),
        [
            status.status(run, partial(output, run.key))
            for run in campaign.runs
            if f"{run.key}.snapshots" in made
        ],
    )


def _rates(root: Path, env: str) -> "Rates":
    """Rates that any run of the scale has recorded here, and those that the scale states."""
    from gan_repro.status import Rates, recorded_rates, stated_rates

    statuses = _asked(root, env, "__default__").statuses
    return Rates(recorded_rates(statuses), stated_rates(root / "conf", env))


def _say(changed: list[Path], root: Path, nothing: str) -> None:
    for path in changed:
        shown = path.relative_to(root) if path.is_absolute() else path
        click.echo(f"{'wrote' if (root / shown).exists() else 'removed'} {shown}")
    if not changed:
        click.echo(nothing)
