"""A table with our numbers in it: plain data that is stored as JSON and rendered anywhere."""

from gan_repro.kinds import Spec

BEYOND = "beyond the paper"
"""In the place of a verdict, where the paper prints no such row."""
BLANK = "no verdict: blank in the paper"
"""And where the paper leaves this cell of a row empty."""


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "seed"), counted(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Source(Spec):
    """One run's share of a cell, with what is needed to find the bytes behind it.

    value : over ``snapshots`` (rounds), as the protocol says.
    """

    run: str
    seed: str
    value: float
    snapshots: tuple[int, ...]
    samples: int | None = None
    extractor_sha256: str = ""
    reference_sha256: str = ""
    checkpoint_sha256: str = ""


class FilledCell(Spec):
    """One cell. It has sources, or ``missing`` says why not, or ``quoted`` whose number it is.

    printed : the paper's text, None where the paper leaves a blank.
    mean, sd : over training seeds; sd is None for a single seed.
    missing : one ``not run: reason`` for each training run without a score.
    agreement : the verdict on ours against printed.
    """

    row: str
    column: str
    printed: str | None
    printed_value: float | None
    protocol: str
    metric: str
    mean: float | None = None
    sd: float | None = None
    sources: tuple[Source, ...] = ()
    missing: tuple[str, ...] = ()
    quoted: str = ""
    agreement: str

    @property
    def by_seed(self) -> dict[str, float]:
        """seed -> value."""
        return {source.seed: source.value for source in self.sources}


class FilledRow(Spec):
    """A row's name, title, role (as ``printed.RowSpec`` has it) and note."""

    name: str
    title: str
    role: str
    note: str = ""


class FilledColumn(Spec):
    """A column's name and title, which way is better, and its place on a figure's axis."""

    name: str
    title: str
    better: str
    at: float | None = None


class FilledTable(Spec):
    """A table: the paper's cells beside ours, at one scale.

    seeds : the training seeds that the scale asks for.
    rule : when ours agrees with printed, in words; empty where the scale forbids comparing.
    evaluators : which runs were scored by another training of the extractor than the rest.
    """

    paper: str
    name: str
    scale: str
    honesty: str
    title: str
    source: str
    metric_title: str
    decimals: int
    column_title: str
    seeds: tuple[str, ...]
    rule: str
    rows: tuple[FilledRow, ...]
    columns: tuple[FilledColumn, ...]
    cells: tuple[FilledCell, ...]
    evaluators: tuple[str, ...] = ()

    def cell(self, row: str, column: str) -> FilledCell:
        """The cell in a row and column, by their names."""
        return next(cell for cell in self.cells if (cell.row, cell.column) == (row, column))

    def find(self, name: str) -> FilledCell:
        """The cell called ``table.row.column``."""
        _, row, column = name.split(".")
        return self.cell(row, column)

    @property
    def better(self) -> str:
        """Which way is better: ``higher``, or ``IS higher, FID lower`` where columns differ."""
        ways = {column.better for column in self.columns}
        if len(ways) == 1:
            return ways.pop()
        return ", ".join(f"{column.title} {column.better}" for column in self.columns)

    @property
    def printed(self) -> bool:
        """Whether the paper has any of the rows."""
        return any(row.role != "beyond" for row in self.rows)

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols behind the cells, in order of appearance."""
        return tuple(dict.fromkeys(cell.protocol for cell in self.cells))
