"""How a node is made here: readable names, two-level namespaces, names of catalog entries."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial, update_wrapper
from typing import Any

from kedro.pipeline import Node, node

from gan_repro.campaign import Labelling, Measuring
from gan_repro.locks import LockedRun


def step(
    function: Callable[..., Any],
    inputs: str | list[str] | dict[str, str] | None,
    outputs: str | list[str],
    *,
    name: str,
    namespace: str,
    tags: Iterable[str] = (),
    fixed: Mapping[str, Any] | None = None,
) -> Node:
    """A node of a library function; ``fixed`` arguments belong to the wiring, not the catalog."""
    if fixed:
        function = update_wrapper(partial(function, **fixed), function)
    with warnings.catch_warnings():
        # a run's entries carry its key, and inputs of other namespaces are what sharing means
        warnings.filterwarnings("ignore", message="One or more dataset names contain '.'")
        return node(function, inputs, outputs, name=name, namespace=namespace, tags=set(tags))


def entry(run: LockedRun, what: str) -> str:
    """The catalog entry ``paper.family.condition.seed.what``."""
    return f"{run.key}.{what}"


def images(dataset: str, split: str) -> str:
    """The catalog entry of a split's images."""
    return f"images.{dataset}.{split}"


def labels(labelling: Labelling) -> str:
    """The catalog entry of made labels; weak ones lie in a layer of their own."""
    return f"{label_layer(labelling)}.{labelling.dataset}.{labelling.slug}"


def label_layer(labelling: Labelling) -> str:
    """``weak_labels`` for labels made from references, which instruments made, which labels made.

    Apart from ``labels``: Kedro wants namespaces without a way back, Kedro-Viz wants it of layers.
    """
    return "weak_labels" if labelling.seen else "labels"


def reference(measuring: Measuring) -> str:
    """The catalog entry of measured real images."""
    return f"reference.{measuring.dataset}.{measuring.split}.{measuring.extractor}"


def table(paper: str, name: str) -> str:
    """The catalog entry of a filled table."""
    return f"tables.{paper}.{name}"


def figure(paper: str, name: str) -> str:
    """The catalog entry of a figure as a picture."""
    return f"figures.{paper}.{name}"


def namespace(run: LockedRun) -> str:
    """``paper.family``; a namespace a run would make Kedro-Viz take minutes."""
    return f"{run.paper}.{run.family}"


def tags(run: LockedRun) -> set[str]:
    """What ``kedro run --tags`` may ask for: the scale, the method's kind, the data set."""
    kind = run.train["method"].get("kind", "made_of_runs" if run.parts else "real")
    return {run.train["scale"], kind, run.train["dataset"]}
