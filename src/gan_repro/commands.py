"""What the project's own commands share: the project's folder, errors as messages, options."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from kedro.utils import find_kedro_project

from gan_repro.errors import GanReproError

ENV = click.option("--env", "-e", default="smoke", show_default=True, help="The scale.")
PIPELINES = click.option("--pipelines", "-p", default="__default__", help="Names, with commas.")


def root() -> Path:
    """The project's folder, from any folder inside it."""
    return Path(find_kedro_project(Path.cwd()) or Path.cwd())


def explained(command: Callable[..., None]) -> Callable[..., None]:
    """Show our own errors as messages, not as tracebacks."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except GanReproError as error:
            raise click.ClickException(str(error)) from error

    return run


def say(changed: list[Path], project: Path, nothing: str) -> None:
    """Name the files that a command wrote or removed; ``nothing`` where there are none."""
    for path in changed:
        shown = path.relative_to(project) if path.is_absolute() else path
        click.echo(f"{'wrote' if (project / shown).exists() else 'removed'} {shown}")
    if not changed:
        click.echo(nothing)
