"""From a snapshot to images: seeded, and the same images whatever the batch size."""

from typing import NamedTuple

import numpy as np
import torch

from gan_repro import snapshots as snapshots_of
from gan_repro.devices import choose
from gan_repro.errors import EvaluationError
from gan_repro.game import Game
from gan_repro.images import ImageSet, ImageShape, pixel_scaling
from gan_repro.kinds import find
from gan_repro.randomness import numpy_generator, torch_generator
from gan_repro.runs import RunSpec
from gan_repro.snapshots import Snapshots

SMALLEST = 16
"""Rows that a generator sees at least: smaller matrix products are summed in another order."""


class Codes(NamedTuple):
    """Real images as a run's encoder sees them: the conditions of a generator that takes codes.

    rows : float32 (n, size).
    classes : int64 (n,), the images' own classes, which samples made from the rows should show.
    """

    rows: np.ndarray
    classes: np.ndarray

    def places(self, count: int, seed: int) -> np.ndarray:
        """Which ``count`` of them, int64: all in a random order, and then again in another."""
        orders = numpy_generator(seed, "sampling/codes")
        rounds = -(-count // len(self.rows))
        return np.concatenate([orders.permutation(len(self.rows)) for _ in range(rounds)])[:count]


def build(run: RunSpec, shape: ImageShape, classes: int) -> Game:
    """The game of a run, with fresh weights from PyTorch's global generator."""
    game: Game = find("methods", run.method["kind"]).build(run.settings(), shape, classes)
    return game


@torch.inference_mode()
def sample(
    run: RunSpec,
    snapshots: Snapshots,
    round_number: int,
    shape: ImageShape,
    classes: int,
    count: int,
    seed: int = 0,
    batch_size: int = 250,
    averaged: bool = False,
    codes: Codes | None = None,
) -> ImageSet:
    """Draw ``count`` images from the generator as it was after ``round_number`` rounds.

    Batch norm uses its running statistics, so that an image depends on its own latent alone; all
    latents are drawn before the first image, so that the batch size changes nothing.

    classes : the data set's; labels of other kinds may have another size.
    codes : for a generator that is conditioned on codes: where they are drawn from.

    return : uint8 images (count, *shape). Labels: the class asked for (conditional methods), the
        soft label generated (joint ones), the class of the image whose code was fed (methods with
        codes), or zeros with ``classes`` 1 (methods without labels).

    Raises
    ------
    EvaluationError
        When the method makes no images, or needs codes and there are none.
    """
    size = run.labels.size(classes)
    game = _restored(run, snapshots, round_number, shape, size, averaged)
    draws = {name: torch_generator(seed, f"sampling/{name}") for name in game.streams}
    assert game.sampler is not None
    inputs = game.sampler.draw(count, draws)  # on the CPU: the same latents on every device
    if not game.sampler.coded:
        images, labels = _generated(run, game, inputs, count, batch_size)
        shown = 1 if labels is None else size
        return ImageSet(images, np.zeros(count, np.int64) if labels is None else labels, shown)
    fed = _given(run, codes)
    places = fed.places(count, seed)
    inputs["codes"] = torch.from_numpy(fed.rows[places])
    images, _ = _generated(run, game, inputs, count, batch_size)
    return ImageSet(images, fed.classes[places], classes)


def _given(run: RunSpec, codes: Codes | None) -> Codes:
    if codes is None:
        raise EvaluationError(
            f"{run.key}: method {run.method['kind']!r} makes images from codes, and none were "
            "given; expected labels of kind 'features', and their extractor's view of the test "
            "images. Train it on such labels."
        )
    return codes


def _generated(
    run: RunSpec, game: Game, inputs: dict[str, torch.Tensor], count: int, batch_size: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels, and labels where the method has any."""
    device, inverse = choose(run.engine.device), pixel_scaling(run.pixels).inverse
    images, labels = [], []
    for start in range(0, count, batch_size):
        size = min(batch_size, count - start)
        rows = {name: value[start : start + size].to(device) for name, value in inputs.items()}
        assert game.sampler is not None
        made = game.sampler.generate(game.players, _padded(rows, size))
        images.append(inverse(made.images[:size]).cpu().numpy())
        if made.labels is not None:
            labels.append(made.labels[:size].cpu().numpy())
    return np.concatenate(images), np.concatenate(labels) if labels else None


def _restored(
    run: RunSpec, snapshots: Snapshots, round_number: int, shape: ImageShape, classes: int,
    averaged: bool,
) -> Game:  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        game = build(run, shape, classes)
    if game.sampler is None:
        raise EvaluationError(f"{run.key}: method {run.method['kind']!r} makes no images to sample")
    snapshots_of.load(game, snapshots, round_number, averaged)
    for player in game.published:
        game.players[player].eval().to(choose(run.engine.device))
    return game


def _padded(rows: dict[str, torch.Tensor], size: int) -> dict[str, torch.Tensor]:
    """The rows, with the first one repeated behind them until there are ``SMALLEST``."""
    if size >= SMALLEST:
        return rows
    extra = SMALLEST - size
    return {name: torch.cat([r, r[:1].expand(extra, *r.shape[1:])]) for name, r in rows.items()}
