"""A filled table as Markdown, LaTeX and JSON: the scale is said first, no cell is left blank."""

import re
from collections.abc import Callable, Sequence

from gan_repro.tables.filled import BEYOND, BLANK, FilledCell, FilledTable, counted
from gan_repro.tables.verdict import ClaimVerdict

_LATEX = {
    "\\": r"\textbackslash{}",
    **{mark: "\\" + mark for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "–": "--",
}


_UNSCORED = re.compile(r"(?P<run>.*not run: \S+)\.(?P<seed>seed\d+) has no \S+ under \S+")
"""A run without a score; which score it lacks stands in the table's JSON."""


def printed_text(cell: FilledCell) -> str:
    """The paper's number; a blank of the paper is said to be one."""
    return cell.printed if cell.printed is not None else "– (blank in the paper)"


def ours_text(cell: FilledCell, decimals: int) -> str:
    """``mean ± sd``, ``mean`` for one seed, ``quoted``, or ``not run``."""
    if cell.quoted:
        return "quoted"
    if cell.mean is None:
        return "not run"
    mean = f"{cell.mean:z.{decimals}f}"  # z: a rounded 0 has no sign
    return mean if cell.sd is None else f"{mean} ± {cell.sd:.{decimals}f}"


def shortfall(cell: FilledCell) -> str:
    """How many of the training seeds a mean rests on, where it is not all of them."""
    ran, lost = len(cell.sources), len(cell.missing)
    return f"{ran} of {ran + lost} seeds" if ran and lost else ""


def common_verdict(table: FilledTable) -> str:
    """The one verdict of all cells that have a number of ours; empty when they differ."""
    verdicts = {cell.agreement for cell in table.cells if cell.sources}
    verdicts = verdicts - {BEYOND, BLANK} or verdicts
    return verdicts.pop() if len(verdicts) == 1 else ""


def seeds_text(table: FilledTable) -> str:
    """Over how many training seeds the means are; a range where cells differ."""
    counts = [len(cell.sources) for cell in table.cells if cell.sources]
    low, high = min(counts, default=0), max(counts, default=0)
    return counted(high, "training seed") if low == high else f"{low} to {high} training seeds"


def notes(table: FilledTable) -> list[str]:
    """What a reader must know below the table: rows' notes, quoted sources, verdicts, protocol."""
    lines = [f"{row.title}: {row.note}" for row in table.rows if row.note]
    lines += _by_row(table, lambda cell: (f"quoted: {cell.quoted}",) if cell.quoted else ())
    if common_verdict(table) and table.printed:
        lines.append(f"Agreement with the paper: {common_verdict(table)}.")
    if table.rule:
        lines.append(table.rule)
    return [*lines, f"Protocol: {', '.join(table.protocols)}.", *table.evaluators]


def missing(table: FilledTable) -> list[str]:
    """Every ``not run: reason``, a run's seeds together, and the command that runs what can be."""
    lines = _by_row(table, lambda cell: cell.missing)
    found: dict[str, list[str]] = {}
    for line in lines:
        of_run = _UNSCORED.fullmatch(line)
        seeds = found.setdefault(of_run["run"] if of_run else line, [])
        if of_run and of_run["seed"] not in seeds:
            seeds.append(of_run["seed"])
    lines = [f"{run} ({', '.join(seeds)})" if seeds else run for run, seeds in found.items()]
    command = f"kedro run --env {table.scale} --pipelines {table.paper}_{table.name}"
    return [*lines, f"To fill what is missing: `{command}`"] if lines else []


def _by_row(table: FilledTable, texts: Callable[[FilledCell], Sequence[str]]) -> list[str]:
    titles = {row.name: row.title for row in table.rows}
    return list(
        dict.fromkeys(f"{titles[cell.row]}: {text}" for cell in table.cells for text in texts(cell))
    )


def to_json(table: FilledTable) -> str:
    """Everything in the table, for other programs; ``FilledTable.model_validate_json`` reads it."""
    return table.model_dump_json(indent=1) + "\n"


def to_files(table: FilledTable) -> dict[str, str]:
    """Suffix -> text: what is stored of a table."""
    return {".json": to_json(table), ".md": to_markdown(table), ".tex": to_latex(table)}


def to_markdown(table: FilledTable) -> str:
    """A Markdown table: for each row of the paper one line as printed and one line of ours."""
    heads = ["", "", *(column.title for column in table.columns)]
    marks = ["---", "---", *("---:" for _ in table.columns)]
    body = [heads, marks, *_lines(table)]
    return (
        "\n\n".join(
            [
                f"**{table.honesty}**",
                f"### {table.source}: {table.title}",
                f"{table.metric_title} ({table.better} is better) by {table.column_title}. "
                f"Ours: mean ± sd over {seeds_text(table)}.",
                "\n".join(f"| {' | '.join(cells)} |" for cells in body),
                "\n".join(f"- {line}" for line in notes(table) + missing(table)),
            ]
        )
        + "\n"
    )


def claims_to_markdown(claims: Sequence[ClaimVerdict], honesty: str) -> str:
    """A Markdown list of claims with their verdicts, for a summary page."""
    lines = [
        f"- {claim.text} ({claim.source}): **{claim.verdict}** "
        f"({', '.join(f'{word} {count}' for word, count in claim.counts.items())})"
        for claim in claims
    ]
    return "\n".join([f"**{honesty}**", "", *lines]) + "\n"


def to_latex(table: FilledTable) -> str:
    """A ``table`` environment for the package booktabs, with the same lines as in Markdown."""
    columns = "ll" + "r" * len(table.columns)
    heads = ["", "", *(column.title for column in table.columns)]
    rows = [[*map(_escaped, cells)] for cells in [heads, *_lines(table)]]
    head, *body = [f"{' & '.join(cells)} \\\\" for cells in rows]
    caption = f"{table.source}: {table.title}. Ours: mean ± sd over {seeds_text(table)}."
    lines = [
        f"% {table.honesty}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(caption)} {_escaped(table.honesty)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\footnotesize {_escaped(line)}" for line in notes(table) + missing(table)),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _lines(table: FilledTable) -> list[list[str]]:
    """Per row: printed, ours, and the verdicts where they differ between the table's cells."""
    differ = any(cell.sources for cell in table.cells) and not common_verdict(table)
    lines = []
    for row in table.rows:
        cells = [table.cell(row.name, column.name) for column in table.columns]
        if row.role != "beyond":
            lines.append([row.title, "printed", *map(printed_text, cells)])
        title = row.title if row.role == "beyond" else ""
        lines.append([title, "ours", *(_ours(cell, table.decimals) for cell in cells)])
        if differ:
            lines.append(["", "verdict", *(cell.agreement for cell in cells)])
    return lines


def _ours(cell: FilledCell, decimals: int) -> str:
    text, short = ours_text(cell, decimals), shortfall(cell)
    return f"{text} ({short})" if short else text


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in text)
