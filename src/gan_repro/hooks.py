"""What Kedro is told besides pipelines: the scale before they are built, and how far a run is."""

import logging
import time
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.pipeline import Node, Pipeline

from gan_repro import pipeline_registry
from gan_repro.errors import ConfigurationError

log = logging.getLogger(__name__)


class ScaleHook:
    """Hands the environment's scale to the registry, and says what each node took."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._total = self._done = 0

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Choose the scale; raises ConfigurationError for an environment without one."""
        scale = (context.config_loader.get("globals") or {}).get("scale")
        if not scale:
            raise ConfigurationError(
                f"--env {context.env}: conf/{context.env}/globals.yml names no scale. "
                "Use an environment that has one: smoke, cpu or paper."
            )
        params = context.config_loader.get("parameters") or {}
        switches = {name: bool(params[name]) for name in pipeline_registry.SWITCHES}
        choice = pipeline_registry.Choice(context.project_path, scale, switches)
        pipeline_registry.choose(choice)

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Count the nodes."""
        self._total, self._done = len(pipeline.nodes), 0
        log.info("scale %s: %d nodes", pipeline_registry.chosen().scale, self._total)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start a node's clock."""
        self._started[node.name] = time.perf_counter()

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Say how long a node took and how many are left."""
        self._done += 1
        seconds = time.perf_counter() - self._started.pop(node.name)
        log.info("%d/%d %s %.1f s", self._done, self._total, node.name, seconds)
