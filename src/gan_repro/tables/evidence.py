"""What the runs of a scale left behind, as one Markdown page: scores, commands, samples."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gan_repro.scales import ScaleSpec
from gan_repro.tables.filled import counted

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

INSTRUMENTS = "shared."
"""How the keys of runs start that train what scores and labels are made with."""
OF_CLASS = "_of_"
"""Between the name of a number and the class that it is of; figures alone show these."""
ORIGIN = ("rounds", "seconds", "seed", "device", "precision", "threads", "commit")


@dataclass(frozen=True)
class Evidence:
    """What one run left behind; None or empty for what it did not.

    sheet : a picture of generated images, as PNG bytes or a Pillow image.
    history : a frame with ``round`` and one column a term.
    provenance : times, device, versions, commit, hashes.
    embedding : see ``gan_repro.embedding``; of the runs that some figure maps.
    layouts : the paper's layout -> its sheet; of the runs that some figure shows so.
    """

    scores: Sequence[Mapping[str, Any]] = ()
    sheet: "bytes | Image | None" = None
    history: "pd.DataFrame | None" = None
    provenance: Mapping[str, Any] | None = None
    embedding: Mapping[str, Any] | None = None
    layouts: Mapping[str, "bytes | Image"] = field(default_factory=dict)

    def shown(self, layout: str | None) -> "bytes | Image | None":
        """The sheet of a layout, or the one without any; None where the run did not leave it."""
        return self.layouts.get(layout) if layout else self.sheet


def to_markdown(scale: ScaleSpec, evidence: Mapping[str, Evidence], sheets: str) -> str:
    """The page: a line of scores a run, then each run's command and samples.

    evidence : run key -> what the run left; a run without score rows is counted, not listed.
    sheets : where the sheet of a run lies, relative to the page, with ``{run}`` for its path.
    """
    done = {run: left for run, left in evidence.items() if left.scores}
    planned = [run for run in evidence if not run.startswith(INSTRUMENTS)]
    render = f"kedro run --env {scale.scale} --pipelines report"
    parts = [
        f"# Evidence at {scale.scale} scale",
        f"**{scale.honesty.strip()}**",
        f"{len([run for run in done if run in planned])} of "
        f"{counted(len(planned), 'planned run')} have been scored. A line below is "
        "one run, one training seed: no standard deviation and no verdict. `last five` is the mean "
        f"of the run's last five snapshots. This page is written by `{render}`.",
        "## Scores",
        *(_scores(run, left) for run, left in done.items()),
        "## Samples",
        *(_samples(run, left, scale, sheets) for run, left in done.items()),
    ]
    return "\n\n".join(parts) + "\n"


def final(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each protocol and metric the row that ends the run: its mean, or its last snapshot."""
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        last[row["protocol"], row["metric"]] = row
    return list(last.values())


def by_snapshot(
    rows: Iterable[Mapping[str, Any]], protocol: str, metric: str
) -> list[tuple[int, float]]:
    """Round and value of each snapshot that a protocol scored, in order."""
    return sorted(
        (int(row["snapshot"]), float(row["value"]))
        for row in rows
        if (row["protocol"], row["metric"]) == (protocol, metric)
        and isinstance(row["snapshot"], int)
    )


def _scores(run: str, left: Evidence) -> str:
    origin = left.provenance or {}
    facts = ", ".join(f"{name} {origin[name]}" for name in ORIGIN if name in origin)
    lines = [
        f"| {row['metric']} | {row['value']:.4g} | {row['protocol']} | {row['snapshot']} "
        f"| {row['n']} |"
        for row in final(left.scores)
        if OF_CLASS not in row["metric"]
    ]
    head = "| metric | value | protocol | snapshot | samples |\n| --- | ---: | --- | --- | ---: |"
    return "\n".join([f"### {run}", "", facts, "", head, *lines])


def _samples(run: str, left: Evidence, scale: ScaleSpec, sheets: str) -> str:
    paper, family, condition, seed = run.split(".")
    # real images are not trained, and so leave no provenance
    steps = ("train", "evaluate") if left.provenance else ("evaluate",)
    names = ",".join(f"{paper}.{family}.{step}_{condition}_{seed}" for step in steps)
    what = "--pipelines reference" if run.startswith(INSTRUMENTS) else f"--nodes {names}"
    command = f"kedro run --env {scale.scale} {what}"
    picture = sheets.format(run=run.replace(".", "/"))
    return f"### Samples of {run}\n\n```\n{command}\n```\n\n![{run}]({picture})"
