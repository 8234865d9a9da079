"""What may be concluded: agreement with a printed number, and claims between our own numbers.

Every verdict rests on the two-sided Student interval over training seeds; seeds are paired, since
the same seed gives every method the same order of images and the same draws.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gan_repro.inequalities import Inequality
from gan_repro.kinds import Spec
from gan_repro.printed import AgreementSpec, ClaimSpec
from gan_repro.tables.filled import FilledTable, counted


class Interval(NamedTuple):
    """Mean and confidence interval of a mean."""

    mean: float
    low: float
    high: float
    n: int


def interval(values: Sequence[float], confidence: float) -> Interval:
    """mean ± t_{(1 + confidence) / 2, n - 1} sd / sqrt(n), sd with n - 1 in its denominator.

    Raises
    ------
    ValueError
        For fewer than two values, which have no spread.
    """
    import numpy as np
    from scipy.special import stdtrit

    if len(values) < 2:
        raise ValueError(f"an interval needs at least 2 values, got {len(values)}")
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * error
    return Interval(mean, mean - half, mean + half, len(values))


def agreement(
    values: Sequence[float], printed: float, tolerance: float | None, rule: AgreementSpec
) -> str:
    """``agrees``, ``differs by +0.31``, ``not resolved`` or ``no verdict: why``; see the rule."""
    if tolerance is None:
        return "no verdict: the paper's file fixes no tolerance for this metric"
    if len(values) < rule.least_seeds:
        return _too_few(len(values), rule)
    difference = interval([value - printed for value in values], rule.confidence)
    if -tolerance <= difference.low and difference.high <= tolerance:
        return "agrees"
    if difference.low > tolerance or difference.high < -tolerance:
        return f"differs by {difference.mean:+.2f}"
    return "not resolved"


class StatementVerdict(Spec):
    """One inequality of a claim: our interval of the sum, and the same sum as printed."""

    text: str
    verdict: str
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    printed: float | None = None


class ClaimVerdict(Spec):
    """A claim and its inequalities, each judged on its own."""

    name: str
    text: str
    source: str
    left_out: str
    verdict: str
    statements: tuple[StatementVerdict, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many statements have each verdict; ``no verdict`` without its reason."""
        words = [statement.verdict.split(":")[0] for statement in self.statements]
        return {word: words.count(word) for word in dict.fromkeys(words)}


def judge(
    name: str, claim: ClaimSpec, tables: Mapping[str, FilledTable], rule: AgreementSpec
) -> ClaimVerdict:
    """A claim's verdict: it holds when every inequality holds, and fails when one fails.

    A claim that needs the paper's own units or data sets gets no verdict at another scale.
    """
    apart = [table.scale for table in tables.values() if not table.rule]
    if claim.only_comparable and apart:
        why = f"no verdict: not meaningful at {apart[0]} scale"
        statements = tuple(
            StatementVerdict(text=line.text, verdict=why) for line in claim.inequalities()
        )
    else:
        statements = tuple(judge_statement(line, tables, rule) for line in claim.inequalities())
    return ClaimVerdict(
        name=name,
        text=claim.text,
        source=claim.source,
        left_out=claim.left_out,
        verdict=_together([statement.verdict for statement in statements]),
        statements=statements,
    )


def judge_statement(
    line: Inequality, tables: Mapping[str, FilledTable], rule: AgreementSpec
) -> StatementVerdict:
    """One inequality: ``not resolved`` when the interval crosses the bound."""
    absent = sorted({cell.split(".")[0] for cell in line.cells} - tables.keys())
    if absent:
        return StatementVerdict(
            text=line.text, verdict=f"no verdict: {', '.join(absent)} not filled"
        )
    cells = {cell: tables[cell.split(".")[0]].find(cell) for cell in line.cells}
    known = {name: cell.printed_value for name, cell in cells.items()}
    on_paper = {name: value for name, value in known.items() if value is not None}
    printed = line.value(on_paper) if len(on_paper) == len(cells) else None
    empty = [name for name, cell in cells.items() if not cell.sources]
    if empty:
        verdict = f"no verdict: {', '.join(empty)} not run"
        return StatementVerdict(text=line.text, verdict=verdict, printed=printed)
    shared = set.intersection(*(set(cell.by_seed) for cell in cells.values()))
    sums = [line.value({n: c.by_seed[seed] for n, c in cells.items()}) for seed in sorted(shared)]
    if len(sums) < rule.least_seeds:
        mean = sum(sums) / len(sums) if sums else None
        verdict = _too_few(len(sums), rule)
        return StatementVerdict(
            text=line.text, verdict=verdict, mean=mean, n=len(sums), printed=printed
        )
    found = interval(sums, rule.confidence)
    return StatementVerdict(
        text=line.text,
        verdict=_word(found, line.bound),
        mean=found.mean,
        low=found.low,
        high=found.high,
        n=found.n,
        printed=printed,
    )


def _word(found: Interval, bound: float | None) -> str:
    if bound is None:
        holds, fails = found.low > 0, found.high < 0
    else:
        holds = -bound <= found.low and found.high <= bound
        fails = found.low > bound or found.high < -bound
    return "holds" if holds else "fails" if fails else "not resolved"


def _together(verdicts: Sequence[str]) -> str:
    if "fails" in verdicts:
        return "fails"
    without = [verdict for verdict in verdicts if verdict.startswith("no verdict")]
    if without:
        return without[0]
    return "holds" if set(verdicts) == {"holds"} else "not resolved"


def _too_few(seeds: int, rule: AgreementSpec) -> str:
    return f"no verdict: {counted(seeds, 'seed')}, needs {rule.least_seeds}"
