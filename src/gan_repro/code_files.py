"""Which files of the package a function runs: the imports of its module, followed to the end."""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

PACKAGE = "gan_repro"
SOURCE = Path(__file__).parents[1]


def root_of(function: Callable[..., Any]) -> str:
    """The name of the code behind a node: ``training``, ``labels/clean``, ``fill_table``.

    A function of ``pipelines/`` only hands over: what its own body and signature name counts, not
    the wiring around it; it goes by its own name.
    """
    function = inspect.unwrap(function)
    while isinstance(function, partial):
        function = inspect.unwrap(function.func)
    module = function.__module__
    if _file(module) is None:
        raise ValueError(f"{function!r} is not a function of {PACKAGE}")
    if module.startswith(f"{PACKAGE}.pipelines."):
        return f"{module.removeprefix(f'{PACKAGE}.')}:{function.__name__}".replace(".", "/")
    return module.removeprefix(f"{PACKAGE}.").replace(".", "/")


@cache
def files_of(root: str) -> frozenset[Path]:
    """The files under ``src`` that a root's results may depend on."""
    module, _, function = f"{PACKAGE}.{root.replace('/', '.')}".partition(":")
    path = _file(module)
    if path is None:
        raise ValueError(f"there is no module for the root {root!r}")
    return _closure(_named_in(path, function) if function else {module})


def shown(roots: Iterable[str]) -> set[str]:
    """The files of some roots as paths from the project's folder, whole packages as folders."""
    files = folded(path for root in roots for path in files_of(root))
    return {path.relative_to(SOURCE.parent).as_posix() for path in files}


def fingerprint(root: str) -> str:
    """A hash of what a root's files do: comments, docstrings and layout don't count."""
    digest = hashlib.sha256()
    for path in sorted(files_of(root)):
        digest.update(f"{path.relative_to(SOURCE)}\n{_meaning(path)}\n".encode())
    return digest.hexdigest()


@cache
def _meaning(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def folded(files: Iterable[Path]) -> set[Path]:
    """Files, with a package's folder in place of its files where it is there as a whole."""
    left = set(files)
    for folder in {path.parent for path in left}:
        own = {path for path in folder.glob("*.py") if _says_something(path)}
        if len(own) > 1 and own <= left:
            left = (left - own) | {folder}
    return left


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
