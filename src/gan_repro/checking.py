"""Read YAML strictly, and say what is wrong with a configuration in one grammar.

``file: path.inside.it: what is wrong. Did you mean 'x'? Known: x, y, z.``
"""

import difflib
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from gan_repro.errors import ConfigurationError

_Model = typing.TypeVar("_Model", bound=BaseModel)


class _StrictLoader(yaml.SafeLoader):
    """YAML where a key written twice is an error instead of a silent overwrite."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is written twice", problem_mark=key.start_mark
                )
            if isinstance(key.value, str):
                seen.add(key.value)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, value in node.value:
            if key.value == "<<" and isinstance(value, yaml.SequenceNode):
                raise yaml.MarkedYAMLError(
                    problem="a list after << gives way in another order in each version of PyYAML; "
                    "merge one mapping",
                    problem_mark=key.start_mark,
                )
        super().flatten_mapping(node)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises
    ------
    ConfigurationError
        When the file is missing, is not YAML, repeats a key, or holds no mapping.
    """
    if not path.is_file():
        known = ", ".join(sorted(p.name for p in path.parent.glob("*.yml"))) or "none"
        raise ConfigurationError(f"{path}: there is no such file. Files beside it: {known}.")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected a mapping, got {type(content).__name__}.")
    return content


def known_names(asked: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest one, and all of them.

    >>> known_names("jgann", ["sngan", "jgan"])
    "Did you mean 'jgan'? Known: jgan, sngan."
    """
    names = sorted(str(name) for name in known)
    near = difflib.get_close_matches(str(asked), names, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(names) or 'none'}."


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line ``path: what is wrong`` for each fault that pydantic found in a ``model``."""
    return [_line(fault, model) for fault in error.errors()]


def refuse(where: str | Path, faults: list[str]) -> None:
    """Raise ConfigurationError with every fault on its own line; do nothing without faults."""
    if faults:
        raise ConfigurationError("\n".join(f"{where}: {fault}" for fault in faults))


def parse(model: type[_Model], content: dict[str, Any], where: str | Path) -> _Model:
    """``content`` as a ``model``; raises ConfigurationError naming all faults at once."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        refuse(where, explain(error, model))
        raise


def _line(fault: Any, model: type[BaseModel]) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    prefix = f"{path}: " if path else ""
    if fault["type"] == "extra_forbidden":
        name = str(fault["loc"][-1])
        owner = _model_at(model, fault["loc"][:-1])
        return f"{prefix}nothing is called {name!r} here. {known_names(name, owner)}"
    if fault["type"] == "missing":
        return f"{prefix}is required, and missing."
    message = fault["msg"].removeprefix("Value error, ")
    got = "" if fault["type"] == "value_error" else f", got {fault['input']!r}"
    return f"{prefix}{message}{got}."


def _model_at(model: Any, path: tuple[Any, ...]) -> tuple[str, ...]:
    """The field names of the model that lies at ``path`` inside ``model``."""
    for part in path:
        found = _first_model(model)
        if found is not None and part in found.model_fields:
            model = found.model_fields[part].annotation
        elif typing.get_origin(model) is not None:
            model = typing.get_args(model)[-1] if not _is_union(model) else model
    found = _first_model(model)
    return tuple(found.model_fields) if found else ()


def _is_union(annotation: Any) -> bool:
    return any(_is_model(part) for part in typing.get_args(annotation)) and (
        typing.get_origin(annotation) not in {dict, list, tuple}
    )


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if _is_model(annotation):
        return typing.cast(type[BaseModel], annotation)
    if _is_union(annotation):
        return next(part for part in typing.get_args(annotation) if _is_model(part))
    return None
