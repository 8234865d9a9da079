"""Score rows: one number each, and what it can be followed to."""

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import FiniteFloat

from gan_repro.kinds import Spec
from gan_repro.protocols import Protocol
from gan_repro.scoring import Scorer

MEAN_OF_LAST_FIVE = "mean of last five"
COURSE = "over the course"


class ScoreRow(Spec):
    """One number and what it can be followed to; no times, so that rows are bit-identical.

    snapshot : the round that was scored, ``MEAN_OF_LAST_FIVE``, ``COURSE`` or "real images";
        ``rounds`` are those behind it (fewer than five where a short run's last shares fall into
        one round).
    n : generated images behind the value, in each snapshot.
    checkpoint_sha256 : of the snapshot's tensors; of the snapshots' hashes for a mean; of the
        images where they are real.
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


def of(
    protocol: Protocol,
    rounds: tuple[int, ...],
    values: Mapping[tuple[str, int], Mapping[str, float]],
    scorer: Scorer,
) -> Iterator[ScoreRow]:
    """A row a metric and snapshot, then a row a metric for the mean where the protocol has one."""
    per_round = {played: values[protocol.name, played] for played in rounds}
    for played, found in per_round.items():
        yield from _rows_of(protocol, scorer.images.called(played), (played,), found, scorer)
    if protocol.snapshots == "last_five_epochs":
        names = next(iter(per_round.values()))
        mean = {name: float(np.mean([v[name] for v in per_round.values()])) for name in names}
        yield from _rows_of(protocol, MEAN_OF_LAST_FIVE, rounds, mean, scorer)
    if protocol.correlate:
        found = _rank_correlation(per_round, *protocol.correlate)
        yield from _rows_of(protocol, COURSE, rounds, found, scorer)


def _rank_correlation(
    per_round: Mapping[int, Mapping[str, float]], first: str, second: str
) -> dict[str, float]:
    """Spearman's, in [-1, 1]; nothing where it is not defined, as for a number that never moves."""
    from scipy.stats import spearmanr

    pairs = [(found[first], found[second]) for found in per_round.values()]
    if any(len(set(values)) < 2 for values in zip(*pairs, strict=True)):
        return {}
    return {"rank_correlation": float(spearmanr(pairs).statistic)}


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
