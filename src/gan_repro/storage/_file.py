"""What the data sets of this folder share: one file, written whole or not at all."""

from pathlib import Path
from typing import Any, TypeVar

from kedro.io import AbstractDataset

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class FileDataset(AbstractDataset[Saved, Loaded]):
    """A data set in the file ``filepath``; ``metadata`` is for Kedro-Viz and the DVC export."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None):
        self.filepath = Path(filepath)
        self.metadata = metadata

    def _exists(self) -> bool:
        return self.filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.filepath)}
