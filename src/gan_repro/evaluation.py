"""Named protocols applied to a run's snapshots: score rows, and a sheet of samples."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import FiniteFloat

from gan_repro import protocols as protocol_files
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Extractor, Reference, find_extractor, moments
from gan_repro.protocols import Protocol
from gan_repro.runs import RunSpec
from gan_repro.scoring import Scorer, of_round

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

MEAN_OF_LAST_FIVE = "mean of last five"
LAST_FIVE = 5
log = logging.getLogger(__name__)


class ScoreRow(Spec):
    """One number and what it can be followed to; no times, so that rows are bit-identical.

    snapshot : the round that was scored, or ``MEAN_OF_LAST_FIVE``; ``rounds`` are those behind it
        (fewer than five where a short run's last shares fall into the same round).
    n : generated images behind the value, in each snapshot.
    checkpoint_sha256 : of the snapshot's tensors; of the snapshots' hashes for a mean.
    """

    run: str
    snapshot: int | str
    rounds: tuple[int, ...]
    protocol: str
    metric: str
    value: FiniteFloat
    n: int
    extractor: str
    extractor_sha256: str
    reference_sha256: str
    checkpoint_sha256: str


def measure(
    images: ImageSet,
    extractor: str,
    dataset: str,
    split: str,
    weights: "Mapping[str, Tensor] | None" = None,
) -> Reference:
    """Real images as an extractor sees them.

    weights : the snapshots of the classifier's run, for the extractor ``classifier``.
    """
    module, settings = find_extractor(extractor)
    own = _last_snapshot(weights or {}) if module.TRAINED_HERE else {}
    loaded: Extractor = module.load(settings, own)
    features = loaded.features(images.images)
    return Reference(
        extractor=extractor,
        extractor_sha256=loaded.sha256,
        dataset=dataset,
        split=split,
        shape=images.shape,
        classes=images.classes,
        features=features,
        moments=moments(features.pooled),
        labels=np.array(images.labels),
        weights=own,
    )


def evaluate(
    run: dict[str, Any],
    names: list[str],
    protocols: Mapping[str, Any],
    snapshots: "Mapping[str, Tensor]",
    *references: Reference,
) -> "tuple[list[dict[str, Any]], Image]":
    """Score rows of a run by every named protocol, and a sheet of its last snapshot's samples.

    Samples are drawn once a snapshot and seed, and seen once by each extractor; a protocol takes
    as many of them, from the first on, as it asks for. A run that makes no images gets a sheet
    that shows its classifications.

    Raises
    ------
    ConfigurationError
        For a protocol that does not exist, or cannot be.
    EvaluationError
        When a reference or a snapshot is missing or does not fit, or a score is not finite.
    """
    spec = RunSpec.model_validate(run)
    chosen = protocol_files.choose(names, protocols)
    scorer = Scorer(spec, snapshots, _matched(spec, chosen, references))
    due = {p.name: due_rounds(p, spec, snapshots) for p in chosen}
    values: dict[tuple[str, int], dict[str, float]] = {}
    with _threads(spec.engine.threads):
        for played in sorted(set().union(*due.values())):
            log.info("%s: scoring the snapshot of round %d", spec.key, played)
            now = [p for p in chosen if played in due[p.name]]
            for protocol, found in scorer.score(played, now):
                values[protocol.name, played] = found
    rows = [row for p in chosen for row in _rows(p, due[p.name], values, scorer)]
    return [row.model_dump(mode="json") for row in rows], scorer.sheet()


def due_rounds(
    protocol: Protocol, run: RunSpec, snapshots: "Mapping[str, Tensor]"
) -> tuple[int, ...]:
    """The rounds whose snapshots a protocol scores.

    Raises
    ------
    EvaluationError
        When the run keeps fewer than five snapshots, or one of them is missing.
    """
    from gan_repro import snapshots as saved

    asked = run.snapshot_rounds if protocol.snapshots == "all" else run.snapshot_rounds[-1:]
    if protocol.snapshots == "last_five_epochs":
        if len(run.snapshots) < LAST_FIVE:
            raise EvaluationError(
                f"{run.key}: {protocol.name} is a mean over the last {LAST_FIVE} snapshots, but "
                f"the run keeps {len(run.snapshots)}. Add shares to its snapshots, one epoch apart."
            )
        # by shares, not by rounds: a short run's last shares may fall into the same round
        last = run.model_copy(update={"snapshots": run.snapshots[-LAST_FIVE:]})
        asked = last.snapshot_rounds
    missing = sorted(set(asked) - set(saved.rounds(snapshots)))
    if missing:
        raise EvaluationError(
            f"{run.key}: there is no snapshot of round {missing[0]}; kept are "
            f"{', '.join(map(str, saved.rounds(snapshots)))}. Train the run again."
        )
    return asked


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """As many threads as the run trained with: pixels differ between one and two."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _matched(
    run: RunSpec, protocols: list[Protocol], references: tuple[Reference, ...]
) -> dict[str, Reference]:
    """The reference of each protocol, cut to the count it asks for."""
    given = {(r.dataset, r.extractor, r.split): r for r in references}
    matched = {}
    for protocol in protocols:
        wanted = (run.dataset, protocol.extractor, protocol.reference_split)
        if wanted not in given:
            known = ", ".join(".".join(key) for key in given) or "none"
            raise EvaluationError(
                f"{run.key}: {protocol.name} needs the reference {'.'.join(wanted)}; "
                f"given: {known}."
            )
        matched[protocol.name] = given[wanted].some(protocol.reference_count)
    return matched


def _rows(
    protocol: Protocol,
    rounds: tuple[int, ...],
    values: Mapping[tuple[str, int], Mapping[str, float]],
    scorer: Scorer,
) -> Iterator[ScoreRow]:
    """A row a metric and snapshot, then a row a metric for the mean where the protocol has one."""
    per_round = {played: values[protocol.name, played] for played in rounds}
    for played, found in per_round.items():
        yield from _rows_of(protocol, played, (played,), found, scorer)
    if protocol.snapshots == "last_five_epochs":
        names = next(iter(per_round.values()))
        mean = {name: float(np.mean([v[name] for v in per_round.values()])) for name in names}
        yield from _rows_of(protocol, MEAN_OF_LAST_FIVE, rounds, mean, scorer)


def _rows_of(
    protocol: Protocol,
    snapshot: int | str,
    rounds: tuple[int, ...],
    found: Mapping[str, float],
    scorer: Scorer,
) -> Iterator[ScoreRow]:
    reference = scorer.references[protocol.name]
    checkpoint = scorer.checkpoint_sha256(rounds)
    for metric, value in found.items():
        yield ScoreRow(
            run=scorer.run.key,
            snapshot=snapshot,
            rounds=rounds,
            protocol=protocol.name,
            metric=metric,
            value=value,
            n=protocol.samples,
            extractor=protocol.extractor,
            extractor_sha256=reference.extractor_sha256,
            reference_sha256=reference.sha256,
            checkpoint_sha256=checkpoint,
        )


def _last_snapshot(snapshots: "Mapping[str, Tensor]") -> dict[str, np.ndarray]:
    last = max((int(key.split("/")[0]) for key in snapshots), default=0)
    return {key: np.asarray(value) for key, value in of_round(snapshots, last).items()}
