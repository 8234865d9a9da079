"""Kedro data sets of what runs leave behind: snapshots, scores, histories, sheets, tables, texts.

What a report gathers loads as empty or None where the file is missing, so that a campaign that is
half done can be rendered.
"""

import base64
import io
import json
from typing import TYPE_CHECKING, Any

from kedro_datasets._typing import HTMLPreview, ImagePreview, JSONPreview, TablePreview

from gan_repro import atomic
from gan_repro.errors import DataError
from gan_repro.storage._file import FileDataset
from gan_repro.tables.filled import FilledTable

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image
    from torch import Tensor

LARGEST_SHEET = 200_000
"""Bytes; sheets of the cpu and paper scales live in git."""


class SnapshotsDataset(FileDataset["dict[str, Tensor]", "dict[str, Tensor]"]):
    """Named tensors in a safetensors file; the same tensors give the same bytes."""

    def save(self, data: "dict[str, Tensor]") -> None:
        """Write the file."""
        from safetensors.torch import save

        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in data.items()}
        atomic.write_bytes(self.filepath, save(tensors))

    def load(self) -> "dict[str, Tensor]":
        """Read the file; raises DataError when it is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        if not self.filepath.is_file():
            raise DataError(
                f"{self.filepath}: there are no snapshots. Train the run first: `kedro run` "
                "without --nodes, or `dvc pull` them from a remote."
            )
        try:
            return dict(load_file(self.filepath))
        except SafetensorError as error:
            raise DataError(
                f"{self.filepath}: not a safetensors file, or a damaged one ({error}). "
                "Delete it and train again, or `dvc checkout` it."
            ) from error


class JsonDataset(FileDataset[Any, Any]):
    """JSON; None where the file is missing."""

    empty: Any = None

    def save(self, data: Any) -> None:
        """Write the file; NaN and infinity are refused."""
        text = json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False)
        atomic.write_text(self.filepath, text + "\n")

    def load(self) -> Any:
        """Read the file."""
        if not self.filepath.is_file():
            return self.empty
        return json.loads(self.filepath.read_text(encoding="utf-8"))

    def preview(self) -> JSONPreview:
        """What Kedro-Viz shows."""
        return JSONPreview(json.dumps(self.load()))


class ScoresDataset(JsonDataset):
    """A run's score rows; no rows where the file is missing: the run was not scored."""

    empty: Any = ()


class HistoryDataset(FileDataset["pd.DataFrame", "pd.DataFrame | None"]):
    """A run's history in CSV with every digit; None where the file is missing."""

    def save(self, data: "pd.DataFrame") -> None:
        """Write the file."""
        atomic.write_text(self.filepath, data.to_csv(index=False, lineterminator="\n"))

    def load(self) -> "pd.DataFrame | None":
        """Read the file."""
        import pandas as pd

        return pd.read_csv(self.filepath) if self.filepath.is_file() else None

    def preview(self, nrows: int = 20) -> TablePreview:
        """The last rows, for Kedro-Viz."""
        data = self.load()
        return TablePreview({} if data is None else data.tail(nrows).to_dict(orient="split"))


class SheetDataset(FileDataset["Image", "bytes | None"]):
    """A picture in a PNG file of at most 200 kB; loads as its bytes, None where it is missing."""

    def save(self, data: "Image") -> None:
        """Write the file; raises DataError when it is too large for git."""
        file = io.BytesIO()
        data.save(file, format="PNG", optimize=True)
        if file.tell() > LARGEST_SHEET:
            raise DataError(
                f"{self.filepath}: a sheet of {file.tell()} bytes; at most {LARGEST_SHEET} fit in "
                "git. Show fewer images in gan_repro/sheets.py."
            )
        atomic.write_bytes(self.filepath, file.getvalue())

    def load(self) -> bytes | None:
        """Read the file."""
        return self.filepath.read_bytes() if self.filepath.is_file() else None

    def preview(self) -> ImagePreview:
        """What Kedro-Viz shows."""
        return ImagePreview(base64.b64encode(self.load() or b"").decode("ascii"))


class TableDataset(FileDataset[FilledTable, FilledTable]):
    """A filled table in JSON."""

    def save(self, data: FilledTable) -> None:
        """Write the file."""
        atomic.write_text(self.filepath, data.model_dump_json(indent=1) + "\n")

    def load(self) -> FilledTable:
        """Read the file."""
        return FilledTable.model_validate_json(self.filepath.read_text(encoding="utf-8"))

    def preview(self) -> JSONPreview:
        """Ours by row and column, for Kedro-Viz."""
        table = self.load()
        means = {
            row.title: {c.title: table.cell(row.name, c.name).mean for c in table.columns}
            for row in table.rows
        }
        return JSONPreview(json.dumps(means))


class TextDataset(FileDataset[str, str]):
    """UTF-8 text."""

    def save(self, data: str) -> None:
        """Write the file."""
        atomic.write_text(self.filepath, data)

    def load(self) -> str:
        """Read the file."""
        return self.filepath.read_text(encoding="utf-8")


class MarkdownDataset(TextDataset):
    """Markdown, shown by Kedro-Viz as written."""

    def preview(self) -> HTMLPreview:
        """The text, escaped, in a fixed-width font."""
        import html

        return HTMLPreview(f"<pre>{html.escape(self.load())}</pre>")
