"""From votes to error rates, with intervals; beside what the paper prints."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from gan_repro import terminal
from gan_repro.printed import RATERS
from gan_repro.randomness import numpy_generator
from gan_repro.turing.records import Subject, Vote
from gan_repro.turing.votes import Votes

PRINTED = {"SGAN": 24.4, "DCGAN (adv+cond+ent)": 15.6}
"""Error rates in percent, of 9,000 votes each (Huang et al. 2017, section 4.4)."""
METRICS = ("error_rate", "error_rate_generated")
"""Over all votes, and over those on generated images."""
LEVEL = 0.95
FEWEST_RATERS = 3
"""With fewer, resampling raters says nothing."""
RESAMPLES = 10_000
READING = """\
An error is a real image called generated, or a generated one called real. The paper does not say
which votes its error rate counts, so there are two: over all votes, and over votes on generated
images only.
By vote: Wilson's 95% interval, as if all votes were independent. They are not: a rater's votes
resemble each other, so this interval is too narrow. By rater: a bootstrap over raters, where there
are at least 3."""


class Rate(NamedTuple):
    """A share of wrong votes.

    by_vote : Wilson's 95% interval.
    by_rater : 95% interval of a bootstrap over raters; None with fewer than three of them.
    """

    errors: int
    votes: int
    by_vote: tuple[float, float]
    by_rater: tuple[float, float] | None

    @property
    def share(self) -> float:
        """Errors in votes, in [0, 1]."""
        return self.errors / self.votes


class Result(NamedTuple):
    """What raters said of a run.

    overall : over all votes.
    generated : over the votes on generated images; None before there is one.
    """

    subject: Subject
    raters: int
    overall: Rate
    generated: Rate | None


def results(path: Path) -> dict[str, Result]:
    """Run key -> result, of each run that has votes; empty where there is no file yet.

    Raises
    ------
    DataError
        When the file is no file of votes.
    """
    if not path.is_file():
        return {}
    file = Votes(path)
    votes: dict[str, list[Vote]] = defaultdict(list)
    for vote in file.cast():
        votes[vote.run].append(vote)
    return {one.run: _result(one, votes[one.run]) for one in file.subjects() if votes[one.run]}


def rows(found: Mapping[str, Result]) -> list[dict[str, Any]]:
    """Results as score rows: ``METRICS``, in percent of ``n`` votes.

    Their protocol is ``printed.RATERS``, and their snapshot the one that was judged.
    """
    return [
        {
            "run": run,
            "snapshot": one.subject.snapshot,
            "protocol": RATERS,
            "metric": metric,
            "value": 100 * rate.share,
            "n": rate.votes,
            "checkpoint_sha256": one.subject.checkpoint_sha256,
        }
        for run, one in found.items()
        for metric, rate in zip(METRICS, (one.overall, one.generated), strict=True)
        if rate
    ]


def rate(votes: Iterable[Vote]) -> Rate | None:
    """Errors among votes; None without votes."""
    counts: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for vote in votes:
        errors, cast = counts[vote.rater]
        counts[vote.rater] = (errors + vote.wrong, cast + 1)
    if not counts:
        return None
    each = np.array(list(counts.values()))
    errors, cast = each.sum(axis=0).tolist()
    return Rate(errors, cast, wilson(errors, cast), over_raters(each))


def wilson(errors: int, votes: int) -> tuple[float, float]:
    """Wilson's (1927) 95% interval of a share.

    (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)

    >>> low, high = wilson(2, 10)
    >>> round(low, 4), round(high, 4)
    (0.0567, 0.5098)
    """
    z, p = NormalDist().inv_cdf((1 + LEVEL) / 2), errors / votes
    middle = p + z**2 / (2 * votes)
    reach = z * (p * (1 - p) / votes + z**2 / (4 * votes**2)) ** 0.5
    whole = 1 + z**2 / votes
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)


def over_raters(counts: np.ndarray) -> tuple[float, float] | None:
    """95% percentile interval of the share when raters are drawn again, each with all votes.

    counts : (raters, 2), errors and votes of each.
    """
    raters = len(counts)
    if raters < FEWEST_RATERS:
        return None
    draws = numpy_generator(0, "turing/bootstrap")
    times = draws.multinomial(raters, np.full(raters, 1 / raters), size=RESAMPLES)
    errors, votes = (times @ counts).T
    low, high = np.quantile(errors / votes, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def describe(found: Mapping[str, Result]) -> str:
    """Results as text: a block for each run, how to read it, and the paper's numbers."""
    none = "No votes yet. Collect some: kedro turing-test --run KEY"
    blocks = [_block(one) for one in found.values()] or [none]
    printed = "; ".join(f"{model} {percent}%" for model, percent in PRINTED.items())
    paper = f"The paper prints: {printed} (section 4.4; 9,000 votes each)."
    return "\n\n".join([*blocks, READING, paper])


def _result(subject: Subject, votes: list[Vote]) -> Result:
    overall = rate(votes)
    assert overall is not None
    raters = len({vote.rater for vote in votes})
    return Result(subject, raters, overall, rate(vote for vote in votes if vote.generated))


def _block(one: Result) -> str:
    rows = [
        ("votes", "errors", "rate", "95% by vote", "95% by rater"),
        _row("all", one.overall),
        _row("on generated images", one.generated),
    ]
    subject = one.subject
    raters = f"{one.raters} rater{'s' if one.raters > 1 else ''}"
    head = f"{subject.run}: {one.overall.votes} votes of {raters}"
    weights = f"{subject.dataset}, round {subject.snapshot}, {subject.checkpoint_sha256[:12]}"
    return f"{head} ({weights})\n{terminal.columns(rows)}"


def _row(name: str, rate: Rate | None) -> tuple[str, ...]:
    if rate is None:
        return name, "0/0", "", "", ""
    by_rater = _interval(rate.by_rater) if rate.by_rater else f"needs {FEWEST_RATERS} raters"
    errors = f"{rate.errors}/{rate.votes}"
    return name, errors, f"{100 * rate.share:.1f}%", _interval(rate.by_vote), by_rater


def _interval(interval: tuple[float, float]) -> str:
    low, high = (100 * end for end in interval)
    return f"[{low:.1f}, {high:.1f}]"
