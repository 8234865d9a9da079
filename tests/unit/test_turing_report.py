"""Error rates from a votes' file, against numbers counted by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError
from scipy.stats import binomtest

import tiny_trial as trial
from gan_repro.errors import DataError
from gan_repro.papers import read_paper
from gan_repro.scales import read_scale
from gan_repro.storage.votes import VotesDataset
from gan_repro.tables.fill import fill
from gan_repro.turing.records import Vote
from gan_repro.turing.report import describe, over_raters, rate, results, wilson
from gan_repro.turing.votes import Votes

CONF = Path(__file__).parents[2] / "conf"


def votes(rater: int, generated: bool, wrong: int, right: int) -> list[Vote]:
    made = [Vote("run", rater, generated, not generated)] * wrong
    return made + [Vote("run", rater, generated, generated)] * right


@pytest.mark.parametrize(("errors", "cast"), [(0, 9), (9, 9), (31, 270), (2196, 9000)])
def test_wilsons_interval_is_scipys(errors: int, cast: int) -> None:
    expected = binomtest(errors, cast).proportion_ci(0.95, method="wilson")
    assert wilson(errors, cast) == pytest.approx((expected.low, expected.high))


def test_errors_are_counted_over_both_kinds_or_over_generated_images() -> None:
    cast = [*votes(1, True, 3, 1), *votes(1, False, 1, 5)]
    overall = rate(cast)
    assert (overall.errors, overall.votes, overall.share) == (4, 10, 0.4)
    assert overall.by_rater is None
    fooled = rate(vote for vote in cast if vote.generated)
    assert (fooled.errors, fooled.votes, fooled.share) == (3, 4, 0.75)
    assert rate([]) is None


def test_the_bootstrap_draws_raters_not_votes() -> None:
    # of three raters one errs always, two never: resamples have 0 to 3 of the first, so the
    # share is k/3 with binomial chances 8/27, 12/27, 6/27, 1/27; quantiles are 0 and 1
    assert over_raters(np.array([[100, 100], [0, 100], [0, 100]])) == (0.0, 1.0)
    alike = over_raters(np.array([[10, 100]] * 5))
    assert alike == (0.1, 0.1)
    # of five draws at most 3 are of the first, in 97.5%: 3 errors in about 203 votes, where a mean
    # of the raters' own rates would be 3/5
    unequal = over_raters(np.array([[1, 1], [0, 99], [0, 100], [0, 100], [0, 100]]))
    assert unequal == pytest.approx((0.0, 3 / 203), abs=3e-4)
    assert over_raters(np.array([[1, 2], [1, 2]])) is None


def test_clustered_votes_make_a_wider_interval_than_wilsons() -> None:
    cast = [v for i in range(8) for v in votes(i, True, 90 if i % 2 else 10, 10 if i % 2 else 90)]
    found = rate(cast)
    assert found.share == 0.5
    by_vote, by_rater = (high - low for low, high in (found.by_vote, found.by_rater))
    assert by_rater > 5 * by_vote
    assert rate(cast) == found


def test_a_file_becomes_a_result_for_each_run(tmp_path: Path) -> None:
    file = Votes(tmp_path / "votes.sqlite")
    one, two = trial.shown(), trial.shown(seed=1)
    pages = [
        trial.judged(file, name, wrong, one) for name, wrong in zip("abc", (0, 1, 5), strict=True)
    ]
    trial.judged(file, "a", 9, two)
    trial.next_page(file, file.rater("late"), one)  # open: no votes yet
    found = results(file.path)
    assert list(found) == [one.subject.run, two.subject.run]
    first = found[one.subject.run]
    assert (first.raters, first.overall.errors, first.overall.votes) == (3, 6, 27)
    assert first.overall.by_rater == pytest.approx((0, 5 / 9))
    made = sum(s.generated for page in pages for s in page.shown)
    wrong = sum(
        s.generated and not right
        for page in pages
        for s, right in zip(page.shown, page.right, strict=True)
    )
    assert (first.generated.errors, first.generated.votes) == (wrong, made)
    assert found[two.subject.run].overall.share == 1.0
    assert found[two.subject.run].subject == two.subject

    said = describe(found)
    assert f"{one.subject.run}: 27 votes of 3 raters (digits, round 4, " in said
    assert "6/27    22.2%" in said
    assert "[10.6, 40.8]" in said  # Wilson, by hand
    assert f"{two.subject.run}: 9 votes of 1 rater (" in said
    assert "needs 3 raters" in said
    assert "SGAN 24.4%; DCGAN (adv+cond+ent) 15.6%" in said


def test_without_a_file_there_are_no_results_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    assert results(path) == {}
    assert not path.exists()
    assert "No votes yet" in describe({})
    path.write_bytes(b"x" * 5000)
    with pytest.raises(DataError, match="not a database"):
        results(path)


def test_votes_fill_a_table_or_it_needs_raters(tmp_path: Path) -> None:
    paper, scale = read_paper(CONF / "papers/sgan.yml"), read_scale(CONF / "scales/smoke.yml")
    path = tmp_path / "votes.sqlite"
    before = fill(paper, "visual_turing", scale, VotesDataset(str(path)).load())
    assert {cell.missing for cell in before.cells} == {("not run: needs raters",)}
    assert [before.cell(row.name, "all").printed for row in before.rows] == ["24.4", "15.6"]

    run = "sgan.cifar10_sgan.clean.seed0"
    shown = trial.shown()
    judged = replace(shown, subject=shown.subject._replace(run=run))
    for name, wrong in (("a", 1), ("b", 5)):
        trial.judged(Votes(path), name, wrong, judged)
    after = fill(paper, "visual_turing", scale, VotesDataset(str(path)).load())
    cell, generated = (after.cell("sgan", column) for column in ("all", "generated"))
    assert cell.mean == pytest.approx(100 * 6 / 18)
    assert (cell.sources[0].samples, cell.missing) == (18, ())
    assert cell.sources[0].checkpoint_sha256 == judged.subject.checkpoint_sha256
    assert generated.mean == pytest.approx(100 * results(path)[run].generated.share)
    assert after.cell("adv_cond_ent", "all").missing == ("not run: needs raters",)


def test_votes_are_never_written_by_a_pipeline(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds people's votes"):
        VotesDataset(str(tmp_path / "votes.sqlite")).save([])
