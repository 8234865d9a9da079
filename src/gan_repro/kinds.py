"""A folder is a registry: the name of a file is the name that configurations use."""

import difflib
import importlib
import pkgutil
from types import ModuleType

from pydantic import BaseModel, ConfigDict

from gan_repro.errors import UnknownKindError


def names(folder: str) -> tuple[str, ...]:
    """The kinds found in ``gan_repro.<folder>``, sorted; files that start with ``_`` are not kinds.

    >>> "jgan" in names("methods")
    True
    """
    package = importlib.import_module(f"gan_repro.{folder}")
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_"))


def find(folder: str, kind: str) -> ModuleType:
    """The module ``gan_repro.<folder>.<kind>``.

    Raises
    ------
    UnknownKindError
        When there is no such file; the message names the nearest one.
    """
    known = names(folder)
    if kind not in known:
        near = difflib.get_close_matches(kind, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownKindError(
            f"{folder}: no {folder} kind is called {kind!r}.{hint} Known: {', '.join(known)}."
        )
    return importlib.import_module(f"gan_repro.{folder}.{kind}")


class Spec(BaseModel):
    """Frozen, checked settings; an unknown name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
