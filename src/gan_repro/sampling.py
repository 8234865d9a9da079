"""From a snapshot to images: seeded, and the same images whatever the batch size."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from gan_repro import snapshots as snapshots_of
from gan_repro.devices import choose
from gan_repro.errors import EvaluationError
from gan_repro.game import Game
from gan_repro.images import ImageSet, ImageShape, pixel_scaling
from gan_repro.kinds import find
from gan_repro.normalisation import SMALLEST, Normalisation
from gan_repro.randomness import numpy_generator, torch_generator
from gan_repro.runs import RunSpec
from gan_repro.snapshots import Snapshots

Inputs = dict[str, torch.Tensor]
RUNNING = Normalisation()


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
    arrange: Callable[[Inputs], Inputs] = dict,
    normalisation: Normalisation = RUNNING,
) -> ImageSet:
    """Draw ``count`` images from the generator as it was after ``round_number`` rounds.

    All latents are drawn before the first image, and by default batch norm uses its running
    statistics: an image depends on its own latent alone, and the batch size changes nothing.

    classes : the data set's; codes : where those of a generator with codes are drawn from.
    arrange : what is done to the drawn inputs, by name, so that samples share some of them
        (``layouts``); among them ``codes``, which it sees as the places of rows in ``codes``.
    normalisation : which statistics batch norm uses; for those of each batch, images beyond
        ``count`` are made and left out, and ``batch_size`` is the one that is named there.

    return : uint8 images (count, *shape). Labels: the class asked for (conditional methods), the
        soft label generated (joint ones), the class of the image whose code was fed (methods with
        codes), or zeros with ``classes`` 1 (methods without labels).

    Raises
    ------
    EvaluationError
        When there is no snapshot, no image that the method makes, or none of the codes it needs.
    """
    size = run.labels.size(classes)
    game = _fresh(run, shape, size)
    fed = _given(run, game, codes)
    _load(game, run, snapshots, round_number, averaged)
    _normalise(run, game, normalisation, seed, fed)
    made, batch_size = normalisation.whole(count, batch_size)
    inputs = arrange(_drawn(game, made, seed, "sampling", fed))
    images, labels = _generated(run, game, _with_codes(inputs, fed), made, batch_size)
    if fed:
        return ImageSet(images, fed.classes[inputs["codes"].numpy()], classes).first(count)
    return _set(images, labels, game, size).first(count)


def _set(images: np.ndarray, labels: np.ndarray | None, game: Game, size: int) -> ImageSet:
    """Samples of a method with or without labels, which may be the method's own."""
    assert game.sampler is not None
    if labels is None:
        return ImageSet(images, np.zeros(len(images), np.int64), 1)
    return ImageSet(images, labels, game.sampler.classes or size)


def _drawn(game: Game, count: int, seed: int, stream: str, fed: Codes | None) -> Inputs:
    """Inputs of ``count`` samples, on the CPU: the same on every device; codes as their places."""
    assert game.sampler is not None
    draws = {name: torch_generator(seed, f"{stream}/{name}") for name in game.streams}
    inputs = game.sampler.draw(count, draws)
    return {**inputs, "codes": torch.from_numpy(fed.places(count, seed))} if fed else inputs


def _with_codes(inputs: Inputs, fed: Codes | None) -> Inputs:
    if fed is None:
        return inputs
    return {**inputs, "codes": torch.from_numpy(fed.rows[inputs["codes"].numpy()])}


def _normalise(
    run: RunSpec, game: Game, how: Normalisation, seed: int, fed: Codes | None
) -> None:  # fmt: skip
    """Make the published players' batch norms, which use running statistics, use others."""
    if how.statistics == "running":
        return
    players = (game.players[name] for name in game.published)
    norms = [m for player in players for m in player.modules() if isinstance(m, _BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        norm.train()
    if how.statistics == "standing":
        count = how.batches * how.batch_size
        inputs = _with_codes(_drawn(game, count, seed, "standing", fed), fed)
        _generated(run, game, inputs, count, how.batch_size)
        for norm in norms:
            norm.eval()


def _given(run: RunSpec, game: Game, codes: Codes | None) -> Codes | None:
    """The codes that the method makes images from; None where it needs none."""
    if game.sampler is None:
        raise EvaluationError(f"{run.key}: method {run.method['kind']!r} makes no images to sample")
    if not game.sampler.coded:
        return None
    if codes is None:
        raise EvaluationError(
            f"{run.key}: method {run.method['kind']!r} makes images from codes, and none were "
            "given; expected labels of kind 'features', and their extractor's view of the test "
            "images. Train it on such labels."
        )
    return codes


def _generated(
    run: RunSpec, game: Game, inputs: Inputs, count: int, batch_size: int
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


def restored(
    run: RunSpec, snapshots: Snapshots, round_number: int, shape: ImageShape, classes: int,
    averaged: bool = False,
) -> Game:  # fmt: skip
    """The game as it was after ``round_number`` rounds, its published players in inference mode.

    classes : the entries of a label row.
    averaged : whether moving averages of weights are taken, where players have some.

    Raises
    ------
    EvaluationError
        When there is no such snapshot, or no average in it.
    """
    game = _fresh(run, shape, classes)
    _load(game, run, snapshots, round_number, averaged)
    return game


def _fresh(run: RunSpec, shape: ImageShape, classes: int) -> Game:
    with torch.random.fork_rng(devices=[]):
        return build(run, shape, classes)


def _load(game: Game, run: RunSpec, snapshots: Snapshots, played: int, averaged: bool) -> None:
    snapshots_of.load(game, snapshots, played, averaged)
    for player in game.published:
        network = game.players[player].eval().to(choose(run.engine.device))
        network.to(memory_format=torch.channels_last)  # faster, and the same pixels


def _padded(rows: Inputs, size: int) -> Inputs:
    """The rows, with the first one repeated behind them until there are ``SMALLEST``."""
    if size >= SMALLEST:
        return rows
    extra = SMALLEST - size
    return {name: torch.cat([r, r[:1].expand(extra, *r.shape[1:])]) for name, r in rows.items()}
