"""Catalog entries by name, resolved as Kedro does, without building their data sets."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from kedro.io import CatalogConfigResolver

from gan_repro.errors import ConfigurationError

DATA_ROOT = "GAN_REPRO_DATA"
"""Names another folder than ``data`` for everything that the catalog stores there."""
UNKNOWN = {"{default}": {"type": "no entry of the catalog"}}


def data_root() -> str:
    """The folder of all data, for ``${data_root:}`` in conf/base/globals.yml."""
    return os.environ.get(DATA_ROOT) or "data"


class Entries:
    """The catalog of a scale.

    data : the folder of all data, in place of what the environment says.
    """

    def __init__(self, root: Path, scale: str, data: str = "data"):
        self.root, self.scale, self.data = root, scale, data
        self._known: dict[str, dict[str, Any]] = {}

    @cached_property
    def _resolver(self) -> CatalogConfigResolver:
        loader = OmegaConfigLoader(
            conf_source=str(self.root / "conf"),
            base_env="base",
            default_run_env=self.scale,
            env=self.scale,
            custom_resolvers={"data_root": data_root},
        )
        loader["globals"] = {**loader["globals"], "data": self.data}
        return CatalogConfigResolver(loader["catalog"], default_runtime_patterns=UNKNOWN)

    def config(self, name: str) -> dict[str, Any]:
        """What the catalog says of an entry; an entry that it does not know has no file."""
        if name not in self._known:
            found = self._resolver.config.get(name) or self._resolver.resolve_pattern(name)
            self._known[name] = dict(found)
        return self._known[name]

    def about(self, name: str) -> dict[str, Any]:
        """An entry's ``metadata.dvc``."""
        return (self.config(name).get("metadata") or {}).get("dvc") or {}

    def path(self, name: str) -> str:
        """The file or folder that counts for an entry.

        Raises
        ------
        ConfigurationError
            When it has none.
        """
        path = self.about(name).get("path") or self.config(name).get("filepath")
        if not path:
            raise ConfigurationError(
                f"conf/base/catalog.yml: {name}: has no file, so DVC cannot see it change. "
                "Give the catalog an entry or a pattern of that name, with a filepath."
            )
        return str(path)
