"""A visual Turing test on a tiny real run: digits, and samples of a generator of four rounds."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

import tiny_runs as tiny
from gan_repro.datasets import digits
from gan_repro.images import ImageSet
from gan_repro.turing.records import Page, Rater
from gan_repro.turing.trial import Exhibit, deal, exhibit
from gan_repro.turing.votes import Votes


def run(seed: int = 0) -> dict[str, Any]:
    """Four rounds of sngan."""
    return tiny.run("sngan", key=f"tests.trial.clean.seed{seed}", seed=seed)


@cache
def snapshots(seed: int = 0) -> dict[str, Tensor]:
    """What the run leaves."""
    with tempfile.TemporaryDirectory() as root:
        kept, _, _ = tiny.trained(run(seed), Path(root))
    return kept


@cache
def held_out() -> ImageSet:
    """The test digits."""
    return digits.read(Path(), "test")


@cache
def shown(seed: int = 0, count: int = 60) -> Exhibit:
    """Some of its samples beside the test digits."""
    return exhibit(run(seed), snapshots(seed), held_out(), count)


def next_page(votes: Votes, rater: Rater, *exhibits: Exhibit) -> Page | None:
    """The page that a rater has to judge; registers what is shown."""
    named = {one.subject.run: one for one in exhibits or (shown(),)}
    votes.register(one.subject for one in named.values())
    return votes.waiting(rater, named, lambda rater, pages: deal(named, rater, pages))


def judged(votes: Votes, name: str, wrong: int, *exhibits: Exhibit) -> Page:
    """A page on which the first ``wrong`` answers of a rater are wrong."""
    rater = votes.rater(name)
    page = next_page(votes, rater, *exhibits)
    assert page is not None
    truth = np.array([one.generated for one in page.shown])
    assert votes.answer(rater, page.token, truth ^ (np.arange(len(truth)) < wrong))
    return votes.pages(rater)[page.number - 1]
