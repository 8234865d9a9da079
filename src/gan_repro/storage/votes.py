"""Kedro data set of what raters said in a visual Turing test, for tables."""

from typing import Any, Never

from gan_repro.errors import DataError
from gan_repro.storage._file import FileDataset
from gan_repro.turing.report import results, rows


class VotesDataset(FileDataset[Never, list[dict[str, Any]]]):
    """The file of a scale's votes as score rows, see ``turing.report.rows``; none without it."""

    def save(self, data: Never) -> None:
        """Refuse: raters vote on the pages of ``kedro turing-test``."""
        raise DataError(f"{self.filepath}: holds people's votes; pipelines only count them.")

    def load(self) -> list[dict[str, Any]]:
        """Count the votes; raises DataError when the file is no file of votes."""
        return rows(results(self.filepath))
