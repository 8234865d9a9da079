"""Kedro data set of what a family's runs have left behind, for the report."""

from pathlib import Path
from typing import Any, Never

from kedro.io import AbstractDataset

from gan_repro.errors import DataError
from gan_repro.locks import load_fast
from gan_repro.storage.outputs import HistoryDataset, JsonDataset, ScoresDataset, SheetDataset
from gan_repro.tables.evidence import Evidence

LAYOUT = "layout_"
"""How the names of sheets with a layout begin; the layout's name follows."""


class EvidenceDataset(AbstractDataset[Never, dict[str, Evidence]]):
    """Run key -> evidence, for every locked run of a family; empty where a run left nothing.

    filepath : the family's lock.
    models, scores : the family's folders, each as ``{"path": ...}``: Kedro makes what is called
        path absolute.
    """

    def __init__(
        self,
        filepath: str,
        models: dict[str, str],
        scores: dict[str, str],
        metadata: dict[str, Any] | None = None,
    ):
        self.filepath = Path(filepath)
        self.models, self.scores = Path(models["path"]), Path(scores["path"])
        self.metadata = metadata

    def save(self, data: Never) -> None:
        """Refuse: runs write their own files."""
        raise DataError(f"{self.filepath}: evidence is gathered, never written.")

    def load(self) -> dict[str, Evidence]:
        """Read the files of all runs."""
        return {
            run["train"]["key"]: self._of_run(Path(condition, seed))
            for condition, seeds in load_fast(self.filepath).items()
            for seed, run in seeds.items()
        }

    def _of_run(self, run: Path) -> Evidence:
        return Evidence(
            scores=ScoresDataset(str(self.scores / run / "scores.json")).load(),
            sheet=SheetDataset(str(self.scores / run / "samples.png")).load(),
            history=HistoryDataset(str(self.models / run / "history.csv")).load(),
            provenance=JsonDataset(str(self.scores / run / "provenance.json")).load(),
            embedding=JsonDataset(str(self.scores / run / "embedding.json")).load(),
            layouts={
                file.stem.removeprefix(LAYOUT): file.read_bytes()
                for file in sorted((self.scores / run).glob(f"{LAYOUT}*.png"))
            },
        )

    def _exists(self) -> bool:
        return self.filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.filepath)}
