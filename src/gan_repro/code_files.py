"""Which files of the package a function runs: the imports of its module, followed to the end."""

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

PACKAGE = "gan_repro"
SOURCE = Path(__file__).parents[1]


def of_function(function: Callable[..., Any]) -> frozenset[Path]:
    """Files under ``src`` that a function's result may depend on.

    A function of ``pipelines/`` only hands over: what its own body and signature name counts, not
    the wiring around it.
    """
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    while isinstance(function, partial):
        function = function.func
    module = inspect.getmodule(function)
    name = module.__name__ if module else ""
    path = _file(name)
    if path is None:
        raise ValueError(f"{function!r} is not a function of {PACKAGE}")
    if not name.startswith(f"{PACKAGE}.pipelines."):
        return of_module(name)
    return _closure(_named_in(path, function.__name__))


@cache
def of_module(name: str) -> frozenset[Path]:
    """The file of a module, for example ``gan_repro.methods.jgan``, and of all that it imports."""
    return _closure({name})


def _closure(names: set[str]) -> frozenset[Path]:
    todo, found = list(names), set()
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        path = _file(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        if _says_something(path):
            found.add(path)
        todo += _imports(path)
    return frozenset(found)


@cache
def _file(name: str) -> Path | None:
    """The file of a module of this package; None for other packages and for what is no module."""
    if name.split(".", maxsplit=1)[0] != PACKAGE:
        return None
    base = SOURCE.joinpath(*name.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(path: Path) -> frozenset[str]:
    return frozenset(name for names in _bound(_tree(path), path).values() for name in names)


def _bound(tree: ast.AST, path: Path) -> dict[str, set[str]]:
    """Name in the module -> the modules it may stand for; imports inside functions included."""
    bound: dict[str, set[str]] = {}
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound.setdefault(alias.asname or alias.name, set()).add(alias.name)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(node, path)
            for alias in node.names:
                names = {source, f"{source}.{alias.name}"}
                bound.setdefault(alias.asname or alias.name, set()).update(names)
    return bound


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under ``if TYPE_CHECKING``, which never run."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _walk(child)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(SOURCE).with_suffix("").parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _named_in(path: Path, function: str) -> set[str]:
    """The modules behind the names that one function of a module uses."""
    tree = _tree(path)
    body = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function)
    used = {n.id for n in ast.walk(body) if isinstance(n, ast.Name)}
    bound = _bound(tree, path)
    inside = _bound(body, path)
    return set().union(*inside.values(), *(bound[name] for name in used & bound.keys()))


@cache
def _says_something(path: Path) -> bool:
    """Whether a file holds more than a docstring and constants, as most ``__init__.py`` do."""
    return any(not isinstance(node, ast.Expr | ast.Assign) for node in _tree(path).body)
