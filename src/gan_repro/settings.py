"""Kedro's settings of the project. Without ``--env`` everything runs at smoke scale."""

from gan_repro.entries import data_root
from gan_repro.hooks import ScaleHook
from gan_repro.pipeline_registry import DEFAULT_SCALE

HOOKS = (ScaleHook(),)
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": DEFAULT_SCALE,
    "custom_resolvers": {"data_root": data_root},
}
