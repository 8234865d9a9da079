"""Kedro's settings of the project. Without ``--env`` everything runs at smoke scale."""

import os

from gan_repro.hooks import ScaleHook
from gan_repro.pipeline_registry import DEFAULT_SCALE

DATA_ROOT = "GAN_REPRO_DATA"
"""Names another folder than ``data`` for everything that the catalog stores there."""


def data_root() -> str:
    """The folder of all data, for ``${data_root:}`` in the catalog."""
    return os.environ.get(DATA_ROOT) or "data"


HOOKS = (ScaleHook(),)
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": DEFAULT_SCALE,
    "custom_resolvers": {"data_root": data_root},
}
