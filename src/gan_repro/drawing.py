"""Where scored images come from: a generator as a snapshot holds it, or the data set itself."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gan_repro import kinds
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageSet, ImageShape
from gan_repro.layouts import Groups
from gan_repro.measuring import Reference, weights_sha256
from gan_repro.normalisation import Normalisation
from gan_repro.randomness import numpy_generator
from gan_repro.runs import CODES_SPLIT, RunSpec

if TYPE_CHECKING:
    from torch import Tensor

    from gan_repro.sampling import Codes

RUNNING = Normalisation()
ALONE = Groups()
"""No sample shares an input with another."""


class Images(Protocol):
    """Images to be scored.

    kept : the rounds after which there are some.
    """

    kept: tuple[int, ...]

    def called(self, played: int) -> int | str:
        """What score rows say of the images of one round."""
        ...

    def draw(
        self, played: int, count: int, seed: int, averaged: bool, groups: Groups = ALONE,
        normalisation: Normalisation = RUNNING,
    ) -> ImageSet:  # fmt: skip
        """``count`` images; with the same seed, the first ones are the same whatever the count."""
        ...

    def codes(self, count: int, seed: int) -> np.ndarray | None:
        """The codes that the images of this seed are made from, float32 (count, d)."""
        ...

    def label(self, played: int, images: np.ndarray, classes: int) -> np.ndarray:
        """Class probabilities, float32 (n, k), that the scored run gives real images itself."""
        ...

    def sha256(self, played: int) -> str:
        """A hash of what the images of one round come from."""
        ...


class SnapshotImages:
    """Images that a run's generator makes, as it was after some of the rounds."""

    def __init__(
        self,
        run: RunSpec,
        snapshots: "Mapping[str, Tensor]",
        shape: ImageShape,
        classes: int,
        codes: "Codes | None" = None,
    ):
        from gan_repro import snapshots as saved

        self.run, self.snapshots, self.shape, self.classes = run, snapshots, shape, classes
        self.given = codes
        self._hashes: dict[int, str] = {}
        self.kept = saved.rounds(snapshots)

    def called(self, played: int) -> int:
        """The round."""
        return played

    def draw(
        self, played: int, count: int, seed: int, averaged: bool, groups: Groups = ALONE,
        normalisation: Normalisation = RUNNING,
    ) -> ImageSet:  # fmt: skip
        """Samples; see ``gan_repro.sampling.sample``."""
        from gan_repro import sampling

        # PyTorch draws normal numbers in sixteens: of a multiple of 16, the first ones are the same
        # however many follow, so a score does not depend on which other protocols are asked for
        drawn = sampling.sample(
            self.run, self.snapshots, played, self.shape, self.classes, -(-count // 16) * 16,
            seed=seed, averaged=averaged, codes=self.given, arrange=groups.arrange,
            normalisation=normalisation,
        )  # fmt: skip
        return drawn.first(count)

    def codes(self, count: int, seed: int) -> np.ndarray | None:
        """Rows of real images' codes; None for a run whose labels are no codes."""
        return None if self.given is None else self.given.rows[self.given.places(count, seed)]

    def label(self, played: int, images: np.ndarray, classes: int) -> np.ndarray:
        """By the run's own labeller; see ``gan_repro.artificial.probabilities``."""
        from gan_repro import artificial

        return artificial.probabilities(self.run, self.snapshots, played, images, classes)

    def sha256(self, played: int) -> str:
        """Over the snapshot's tensors; reckoned once, for all protocols."""
        if played not in self._hashes:
            self._hashes[played] = weights_sha256(of_round(self.snapshots, played))
        return self._hashes[played]


class RealImages:
    """Real images in the place of generated ones: what a protocol says of the data themselves.

    The run's seed draws the share of them; there is nothing to train, and one "round".
    """

    kept: tuple[int, ...] = (1,)

    def __init__(self, run: RunSpec, images: ImageSet):
        self.run, self.images = run, images

    def called(self, played: int) -> str:
        """In the place of a round."""
        return "real images"

    def draw(
        self, played: int, count: int, seed: int, averaged: bool, groups: Groups = ALONE,
        normalisation: Normalisation = RUNNING,
    ) -> ImageSet:  # fmt: skip
        """Different images, in an order that the run's and the protocol's seeds give.

        Raises
        ------
        EvaluationError
            When there are fewer than ``count``, or they were to share inputs.
        """
        if groups.held:
            raise EvaluationError(
                f"{self.run.key}: real images have no inputs, and so cannot share "
                f"{' and '.join(map(repr, groups.held))}. Choose a protocol without held inputs."
            )
        if count > len(self.images):
            raise EvaluationError(
                f"{self.run.key}: {count} real images were asked for, but the split "
                f"{self.run.split!r} of {self.run.dataset} has {len(self.images)}. "
                "Choose a protocol with fewer samples."
            )
        order = numpy_generator(self.run.seed, f"real images/{seed}").permutation(len(self.images))
        chosen = order[:count]
        return ImageSet(
            self.images.images[chosen], self.images.labels[chosen], self.images.classes,
            self.images.names,
        )  # fmt: skip

    def codes(self, count: int, seed: int) -> None:
        """None: nobody made them."""

    def label(self, played: int, images: np.ndarray, classes: int) -> np.ndarray:
        """Raises EvaluationError: nobody was trained."""
        raise EvaluationError(
            f"{self.run.key}: artificial labels were asked for, but nothing was trained that could "
            "give any. Choose a protocol without metrics of artificial labels."
        )

    def sha256(self, played: int) -> str:
        """Over pixels and labels."""
        return weights_sha256({"images": self.images.images, "labels": self.images.labels})


def codes_of(run: RunSpec, references: Iterable[Reference]) -> "Codes | None":
    """The conditions of a run whose labels are codes; None for other labels.

    Raises
    ------
    EvaluationError
        When none of the references is the extractor's view of the test images.
    """
    from gan_repro.sampling import Codes

    if not run.labels.are_codes:
        return None
    module = kinds.find("labels", run.labels.kind)
    for seen in references:
        if (seen.extractor, seen.split) == (run.labels.extractor, CODES_SPLIT):
            return Codes(module.codes(module.Settings(**run.labels.settings), seen), seen.labels)
    raise EvaluationError(
        f"{run.key}: samples need the codes that {run.labels.extractor} gives to images of the "
        f"split {CODES_SPLIT!r}, and there is no such reference. Measure it: "
        "kedro run --pipelines reference"
    )


def of_round(snapshots: "Mapping[str, Tensor]", played: int) -> "dict[str, Tensor]":
    """What was kept after one round."""
    return {key: v for key, v in snapshots.items() if int(key.split("/")[0]) == played}


@contextmanager
def threads(count: int) -> Iterator[None]:
    """As many threads as a run trained with, meanwhile: pixels differ between one and two."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
