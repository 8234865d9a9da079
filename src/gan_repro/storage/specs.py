"""Kedro data sets of configuration files: locked runs, papers, scales, protocols, folders."""

from pathlib import Path
from typing import Any, Never

from kedro.io import AbstractDataset

from gan_repro.checking import known_names, read_yaml
from gan_repro.errors import ConfigurationError, DataError
from gan_repro.locks import load_fast
from gan_repro.papers import PaperSpec, read_paper
from gan_repro.scales import ScaleSpec, read_scale
from gan_repro.storage._file import FileDataset


class _ReadOnly(FileDataset[Never, Any]):
    def save(self, data: Never) -> None:
        """Refuse: these files are written by people or by `kedro lock`."""
        raise ConfigurationError(f"{self.filepath}: is read by pipelines, never written.")


class LockedDataset(_ReadOnly):
    """One entry of a lock file, by its path ``key``, for example ``noise40.seed0.train``."""

    def __init__(self, filepath: str, key: str, metadata: dict[str, Any] | None = None):
        super().__init__(filepath, metadata)
        self.key = key

    def load(self) -> Any:
        """The entry; raises ConfigurationError naming the nearest one when it is not there."""
        found: Any = load_fast(self.filepath)
        for part in self.key.split("."):
            if part not in found:
                raise ConfigurationError(
                    f"{self.filepath}: {self.key}: there is no {part!r}. "
                    f"{known_names(part, found)} Write the lock again with `kedro lock`."
                )
            found = found[part]
        return found

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.filepath), "key": self.key}


class PaperDataset(_ReadOnly):
    """``conf/papers/<paper>.yml`` as a ``PaperSpec``."""

    def load(self) -> PaperSpec:
        """The paper; raises ConfigurationError with all faults."""
        return read_paper(self.filepath)


class ScaleDataset(_ReadOnly):
    """``conf/scales/<scale>.yml`` as a ``ScaleSpec``."""

    def load(self) -> ScaleSpec:
        """The scale; raises ConfigurationError with all faults."""
        return read_scale(self.filepath)


class ProtocolsDataset(_ReadOnly):
    """The protocols' file as a mapping; a run's protocols are validated where they are used."""

    def load(self) -> dict[str, Any]:
        """Name -> content, anchors (names that start with ``_``) included."""
        return read_yaml(self.filepath)


class FolderDataset(AbstractDataset[Never, Path]):
    """A folder that a function reads for itself, such as the one that `kedro fetch` fills."""

    def __init__(self, path: str, metadata: dict[str, Any] | None = None):
        self.path = Path(path)
        self.metadata = metadata

    def save(self, data: Never) -> None:
        """Refuse: raw bytes are fetched, never made."""
        raise DataError(f"{self.path}: is read by pipelines, never written.")

    def load(self) -> Path:
        """The folder; whether what is needed lies in it is for the reader to say."""
        return self.path

    def _exists(self) -> bool:
        return self.path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self.path)}
