"""The house's limits: a function of at most 45 lines, a file of at most 260."""

import ast
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES, FILE_LINES = 45, 260


def offences(root: Path) -> Iterator[str]:
    """Every function and file under ``root`` over the limit; a docstring counts, a nested
    function's lines count for its own and for the function around it only beyond its own."""
    for file in sorted(root.rglob("*.py")):
        text = file.read_text()
        lines = len(text.splitlines())
        if lines > FILE_LINES:
            yield f"{file.relative_to(root)}: {lines} lines, at most {FILE_LINES}"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = _own_lines(node)
                if length > FUNCTION_LINES:
                    place = f"{file.relative_to(root)}:{node.lineno}"
                    yield f"{place}: {node.name} has {length} lines, at most {FUNCTION_LINES}"


def _own_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    inner = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return _span(node) - sum(map(_span, inner))


def _span(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1
