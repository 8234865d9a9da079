"""What raters are shown: real images and samples of a run, and which nine of them make a page."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.drawing import SnapshotImages, codes_of, threads
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageSet
from gan_repro.measuring import Reference, weights_sha256
from gan_repro.randomness import numpy_generator
from gan_repro.runs import RunSpec
from gan_repro.turing.records import PLACES, Page, Rater, Shown, Subject

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES = 1000
"""Images drawn from each run, unless more or fewer are asked for."""
SEED = 0
"""Of these samples; the pages have each rater's own seed."""


@dataclass(frozen=True, eq=False)
class Exhibit:
    """A run's samples beside the data set's images, all in memory.

    real, generated : uint8 (n, channels, height, width), of one shape.
    """

    subject: Subject
    real: np.ndarray
    generated: np.ndarray

    def png(self, shown: Shown) -> bytes:
        """An image as a file; all files of a shape are equally long, whatever they show."""
        return png((self.generated if shown.generated else self.real)[shown.image])


def exhibit(
    run: dict[str, Any],
    snapshots: "Mapping[str, Tensor]",
    images: ImageSet,
    count: int = SAMPLES,
    references: Iterable[Reference] = (),
) -> Exhibit:
    """``count`` samples of a run's last snapshot, without a moving average, and real images.

    images : the data set's test images.
    references : for a run whose labels are codes, the test images as its encoder sees them.

    Raises
    ------
    EvaluationError
        When the run makes no images, or there are too few for a page.
    """
    spec = RunSpec.model_validate(run)
    if min(count, len(images)) < PLACES:
        raise EvaluationError(
            f"{spec.key}: a page has {PLACES} images, and any number of them may be real; there "
            f"are {count} samples and {len(images)} real images. Ask for more --samples."
        )
    codes = codes_of(spec, references)
    made = SnapshotImages(spec, snapshots, images.shape, images.classes, codes)
    last = spec.snapshot_rounds[-1]
    with threads(spec.engine.threads):
        generated = made.draw(last, count, SEED, averaged=False).images
    real = np.array(images.images)  # read now: a page that waits for the disk says what is on it
    about = (spec.key, spec.dataset, weights_sha256({"images": real}), last, made.sha256(last))
    return Exhibit(Subject(*about, len(generated)), real, generated)


def png(pixels: np.ndarray) -> bytes:
    """Pixels (channels, height, width) as a PNG without compression: its length says nothing."""
    from PIL import Image

    file = io.BytesIO()
    rows = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(rows)).save(file, format="PNG", compress_level=0)
    return file.getvalue()


def deal(
    exhibits: Mapping[str, Exhibit], rater: Rater, pages: Sequence[Page]
) -> tuple[str, tuple[Shown, ...]] | None:
    """The rater's next page: a run and nine images of it, each real with probability 1/2.

    Runs take turns. No image is shown twice: feedback has told the rater what it is.

    exhibits : by run.
    pages : all that the rater got so far.

    return : None where too few new images are left.
    """
    new = {run: _unseen(one, pages) for run, one in exhibits.items()}
    turns = Counter(page.run for page in pages)
    left = [run for run, kinds in new.items() if min(map(len, kinds.values())) >= PLACES]
    if not left:
        return None
    draws = numpy_generator(rater.seed, f"turing/page {len(pages) + 1}")
    fewest = min(turns[run] for run in left)
    run = str(draws.choice([run for run in left if turns[run] == fewest]))
    orders = {kind: iter(draws.permutation(images)) for kind, images in new[run].items()}
    coins = [bool(coin) for coin in draws.integers(0, 2, PLACES)]
    return run, tuple(Shown(coin, int(next(orders[coin]))) for coin in coins)


def _unseen(one: Exhibit, pages: Iterable[Page]) -> dict[bool, np.ndarray]:
    """Generated or not -> the images that were on no page; runs share their data set's."""
    seen: dict[bool, set[int]] = {True: set(), False: set()}
    for page in pages:
        for shown in page.shown:
            if page.run == one.subject.run or (
                not shown.generated and page.dataset == one.subject.dataset
            ):
                seen[shown.generated].add(shown.image)
    sizes = {True: len(one.generated), False: len(one.real)}
    return {kind: np.setdiff1d(np.arange(sizes[kind]), list(seen[kind])) for kind in sizes}
