"""Which images raters are shown; neither their choice nor their files say what they are."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tiny_codes
import tiny_runs as tiny
import tiny_trial as trial
from gan_repro import sampling
from gan_repro.datasets import digits
from gan_repro.errors import EvaluationError
from gan_repro.runs import RunSpec
from gan_repro.turing.records import PLACES, Page, Rater, Shown
from gan_repro.turing.trial import Exhibit, deal, exhibit, png


def rater(seed: int = 5) -> Rater:
    return Rater(1, "Ann", "token", seed)


def session(*exhibits: Exhibit, seed: int = 5) -> list[Page]:
    """All pages of one rater, until no images are left."""
    pages: list[Page] = []
    named = {one.subject.run: one for one in exhibits}
    while dealt := deal(named, rater(seed), pages):
        run, shown = dealt
        pages.append(Page(len(pages) + 1, "", run, named[run].subject.dataset, shown))
    return pages


def test_samples_are_those_of_the_last_snapshot_and_real_images_all_test_images() -> None:
    shown, spec = trial.shown(), RunSpec(**trial.run())
    images = trial.held_out()
    drawn = sampling.sample(spec, trial.snapshots(), 4, images.shape, 10, 64)
    assert np.array_equal(shown.generated, drawn.images[:60])
    assert np.array_equal(shown.real, images.images)
    assert (shown.subject.snapshot, shown.subject.samples) == (4, 60)
    assert shown.subject.checkpoint_sha256 != trial.shown(seed=1).subject.checkpoint_sha256
    assert shown.subject.real_sha256 == trial.shown(seed=1).subject.real_sha256


def test_a_generator_that_takes_codes_gets_those_of_test_images() -> None:
    run, kept = tiny_codes.run(), tiny_codes.snapshots()
    made = exhibit(run, kept, tiny_codes.held_out(), 30, [tiny_codes.codes()])
    assert len(made.generated) == 30
    with pytest.raises(EvaluationError, match="kedro run --pipelines reference"):
        exhibit(run, kept, tiny_codes.held_out(), 30)


def test_what_makes_no_images_or_too_few_is_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"8 samples and 355 real images.*--samples"):
        exhibit(trial.run(), trial.snapshots(), trial.held_out(), 8)
    with pytest.raises(EvaluationError, match="makes no images to sample"):
        exhibit(tiny.run("classifier"), {}, trial.held_out(), 9)


def test_no_image_is_shown_twice_and_runs_share_real_ones_and_take_turns() -> None:
    one, two = trial.shown(), trial.shown(seed=1)
    pages = session(one, two)
    generated = [(page.run, s.image) for page in pages for s in page.shown if s.generated]
    real = [s.image for page in pages for s in page.shown if not s.generated]
    assert len(set(generated)) == len(generated)
    assert len(set(real)) == len(real)
    turns = Counter(page.run for page in pages)
    assert len(turns) == 2
    first = Counter(page.run for page in pages[: 2 * min(turns.values())])
    assert len(set(first.values())) == 1
    left = 60 - Counter(run for run, _ in generated)[one.subject.run]
    assert left < PLACES  # it ended because no full page was sure to be possible


def test_pages_follow_from_the_seed_of_the_rater_and_of_nothing_else() -> None:
    one = trial.shown()
    assert session(one) == session(one)
    assert session(one, seed=6) != session(one)
    assert [page.shown for page in session(one)] == [
        page.shown for page in session(replace(one, generated=one.real[:60]))
    ]


def test_each_image_is_generated_with_probability_one_half_whatever_the_others_are() -> None:
    one = trial.shown()
    firsts = [deal({one.subject.run: one}, rater(seed), []) for seed in range(2000)]
    coins = np.array([[s.generated for s in shown] for _, shown in firsts])
    assert coins.mean(axis=0) == pytest.approx(np.full(PLACES, 0.5), abs=0.05)
    counts = np.bincount(coins.sum(axis=1), minlength=PLACES + 1) / len(coins)
    binomial = np.array([1, 9, 36, 84, 126, 126, 84, 36, 9, 1]) / 512
    assert counts == pytest.approx(binomial, abs=0.04)
    pairs = np.corrcoef(coins.T) - np.eye(PLACES)
    assert np.abs(pairs).max() < 0.1
    images = [s.image for _, shown in firsts for s in shown if s.generated]
    assert min(Counter(images).values()) > 80  # of 150 for each of 60


@pytest.mark.parametrize("channels", [1, 3])
def test_files_of_a_shape_are_equally_long_and_lossless(channels: int) -> None:
    from io import BytesIO

    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (channels, 64, 48), dtype=np.uint8)
    flat = np.zeros_like(noise)
    steps = np.broadcast_to(np.arange(48, dtype=np.uint8), noise.shape)
    files = [png(pixels) for pixels in (noise, flat, steps)]
    assert len({len(file) for file in files}) == 1
    for pixels, file in zip((noise, flat, steps), files, strict=True):
        back = np.asarray(Image.open(BytesIO(file)))
        assert np.array_equal(back if channels == 1 else back.transpose(2, 0, 1), pixels.squeeze())


def test_real_and_generated_files_differ_in_pixels_alone() -> None:
    one = trial.shown()
    real, made = (one.png(Shown(generated, 3)) for generated in (False, True))
    chunks = [[file[i : i + 4] for i in (12, 37)] for file in (real, made)]
    assert chunks[0] == chunks[1] == [b"IHDR", b"IDAT"]
    assert real[:41] == made[:41]  # signature, header, and the length and kind of what follows
    assert one.real.shape[1:] == one.generated.shape[1:]


def test_the_pool_is_read_into_memory(tmp_path: Path) -> None:
    from gan_repro.storage.image_sets import ImageSetDataset

    stored = ImageSetDataset(str(tmp_path / "test"))
    stored.save(digits.read(Path(), "test"))
    made = exhibit(trial.run(), trial.snapshots(), stored.load(), 9)
    assert type(made.real) is np.ndarray
    assert made.real.base is None
