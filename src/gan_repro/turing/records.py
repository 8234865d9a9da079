"""What a visual Turing test is made of: subjects, raters, pages of images, and votes."""

from typing import NamedTuple

PLACES = 9
"""Images on a page (section 4.4)."""


class Subject(NamedTuple):
    """What is judged: the samples of a run, beside real images.

    run : ``paper.family.condition.seed``.
    real_sha256 : of the real images, in their order.
    snapshot, checkpoint_sha256 : the round and the hash of the weights that made the samples.
    samples : how many there are.
    """

    run: str
    dataset: str
    real_sha256: str
    snapshot: int
    checkpoint_sha256: str
    samples: int


class Rater(NamedTuple):
    """Who judges.

    token : what the rater's cookie holds.
    seed : draws the rater's pages; nobody is told.
    """

    id: int
    name: str
    token: str
    seed: int


class Shown(NamedTuple):
    """An image on a page: which one of the run's samples, or of the real images."""

    generated: bool
    image: int


class Page(NamedTuple):
    """Images that a rater got together, all of one run.

    number : from 1 on, in the rater's own count.
    token : names the page in its form, so that answers are those to its own images.
    called : for each image, whether the rater called it generated; None before the answers.
    """

    number: int
    token: str
    run: str
    dataset: str
    shown: tuple[Shown, ...]
    called: tuple[bool, ...] | None = None

    @property
    def right(self) -> tuple[bool, ...]:
        """Which answers are right; none before there are any.

        >>> shown = (Shown(True, 0), Shown(False, 0))
        >>> Page(1, "token", "run", "digits", shown, (True, True)).right
        (True, False)
        """
        answers = zip(self.shown, self.called or (), strict=False)
        return tuple(one.generated == called for one, called in answers)


class Vote(NamedTuple):
    """One image judged by one rater: what it is, and what it was called."""

    run: str
    rater: int
    generated: bool
    called_generated: bool

    @property
    def wrong(self) -> bool:
        """Whether it was called what it is not."""
        return self.generated != self.called_generated
