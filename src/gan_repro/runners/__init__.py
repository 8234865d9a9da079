"""Kedro runners."""

from gan_repro.runners.ray_runner import RayRunner

__all__ = ["RayRunner"]
