"""Score rows: one number each, and what it can be followed to."""

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import FiniteFloat

from gan_repro.kinds import Spec
from gan_repro.protocols import Protocol
from gan_repro.scoring import Scorer

MEAN_OF_LAST_FIVE = "mean of last five"
COURSE = "over the course"
SETTLED = 1.25
"""How near its last value a number must stay, as a factor; ours."""


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
    if course := _of_course(protocol, per_round):
        yield from _rows_of(protocol, COURSE, rounds, course, scorer)


def _of_course(
    protocol: Protocol, per_round: Mapping[int, Mapping[str, float]]
) -> dict[str, float]:
    """What a protocol says of all snapshots together."""
    found: dict[str, float] = {}
    if protocol.correlate:
        found |= _rank_correlation(per_round, *protocol.correlate)
    if protocol.settles:
        found["settled_at"] = _settled_at(per_round, protocol.settles)
    return found


def _settled_at(per_round: Mapping[int, Mapping[str, float]], name: str) -> float:
    """The share of the run, in (0, 1], after which the number stays near its last value."""
    rounds = sorted(per_round)
    bound = SETTLED * per_round[rounds[-1]][name]
    late = [played for played in rounds if per_round[played][name] > bound]
    first = rounds[rounds.index(late[-1]) + 1] if late else rounds[0]
    return first / rounds[-1]


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
