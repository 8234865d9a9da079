"""Kedro runs the stale stages of a pipeline, with any runner; DVC records exactly those that ran.

``dvc repro`` starts one process a stage, one after another. Here one session runs the nodes of all
stale stages, so that a distributed runner can spread them, and one process talks to DVC.
"""

import json
import logging
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.pipeline import Node, Pipeline
from kedro.utils import load_obj

from gan_repro import checking, dvc_stages, pipeline_registry
from gan_repro.campaign import read_campaign
from gan_repro.dvc_stages import Stages
from gan_repro.errors import ConfigurationError, UnfinishedError

log = logging.getLogger(__name__)


def run(
    root: Path, scale: str, pipelines: list[str], runner: str, params: Mapping[str, Any]
) -> list[str]:
    """Run what is stale of some pipelines, and record it; returns the stages that ran.

    runner : the name of a Kedro runner, as for ``kedro run``; ``params`` are its arguments.

    Raises
    ------
    ConfigurationError
        When there is no such pipeline.
    UnfinishedError
        When nodes failed; the stages that were finished are recorded all the same.
    """
    campaign = read_campaign(root / "conf", scale)
    built = pipeline_registry.build(campaign)
    for name in pipelines:
        if name not in built:
            raise ConfigurationError(
                f"no pipeline is called {name!r}. {checking.known_names(name, built)}"
            )
    whole = built["__default__"]
    wanted = {node.name for name in pipelines for node in built[name].nodes}
    targets = Stages(root, campaign).targets(whole.nodes)
    touched = _with_earlier({targets[name] for name in wanted}, whole, targets)
    _dvc(root, "repro", "--quiet", f"{dvc_stages.CODE_HASHES.parent}/dvc.yaml")
    stale = _with_later(_stale(root, touched), whole, targets) & touched
    nodes = [node for node in whole.nodes if targets[node.name] in stale]
    log.info("%d of %d stages are stale: %d nodes", len(stale), len(touched), len(nodes))
    if not nodes:
        return []
    finished: Collection[str] = ()
    try:
        _play(root, scale, nodes, load_obj(runner, "kedro.runner")(**params))
        finished = [node.name for node in nodes]
    except UnfinishedError as error:
        finished = error.finished
        raise
    finally:
        done = complete(nodes, targets, finished)
        if done:
            _dvc(root, "commit", "--quiet", "--force", *done)
            log.info("recorded %d stages", len(done))
    return done


def complete(
    nodes: Iterable[Node], targets: Mapping[str, str], finished: Collection[str]
) -> list[str]:
    """The stages all of whose nodes are finished, in the nodes' order."""
    left = {targets[node.name] for node in nodes if node.name not in finished}
    return [stage for stage in dict.fromkeys(targets[n.name] for n in nodes) if stage not in left]


def _with_earlier(
    stages: Collection[str], pipeline: Pipeline, targets: Mapping[str, str]
) -> set[str]:
    """Stages, and all that make what their nodes read: a stage may hold more than was asked for."""
    found, before = set(stages), set[str]()
    while found != before:
        before = set(found)
        for node, needed in pipeline.node_dependencies.items():
            if targets[node.name] in before:
                found |= {targets[other.name] for other in needed}
    return found


def _with_later(stale: Collection[str], pipeline: Pipeline, targets: Mapping[str, str]) -> set[str]:
    """Stages, and all that read what they make, directly or not."""
    found = set(stale)
    before = pipeline.node_dependencies
    for node in pipeline.nodes:  # in topological order
        if any(targets[other.name] in found for other in before[node]):
            found.add(targets[node.name])
    return found


def _stale(root: Path, targets: Collection[str]) -> set[str]:
    """The stages of which DVC says that something changed."""
    said = json.loads(_dvc(root, "status", "--json", *sorted(targets)) or "{}")
    return set(said) & set(targets)


def _dvc(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["dvc", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigurationError(
            f"dvc {arguments[0]}: ended with code {done.returncode}: {done.stderr.strip()[-2000:]}"
        )
    return done.stdout


def _play(root: Path, scale: str, nodes: Iterable[Node], runner: Any) -> None:
    bootstrap_project(root)
    # as DVC's own stages: what no longer fits is moved aside
    switches = {"restart_on_change": True}
    session = KedroSession.create(root, env=scale, runtime_params=switches)
    with session:  # whose ``__enter__`` is typed as something more abstract
        session.run(node_names=[node.name for node in nodes], runner=runner)
