"""From a snapshot to labels of real images: those that a run's own labeller gives them."""

import numpy as np
import torch

from gan_repro.devices import choose
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageShape, pixel_scaling
from gan_repro.randomness import torch_generator
from gan_repro.runs import RunSpec
from gan_repro.sampling import restored
from gan_repro.snapshots import Snapshots

BATCH_SIZE = 250


@torch.inference_mode()
def probabilities(
    run: RunSpec, snapshots: Snapshots, round_number: int, images: np.ndarray, classes: int
) -> np.ndarray:
    """What the labeller says of images as they are, without augmentation.

    images : uint8 (n, channels, height, width).
    classes : the data set's; the labeller may know another number of them, k.

    return : float32 (n, k), rows sum to 1. The largest entry is an image's reliability p_c, and its
        place the artificial label (Watanabe and Favaro 2021, arXiv 2106.09914, eqs 2 and 3).

    Raises
    ------
    EvaluationError
        When the method labels no images, or there is no such snapshot.
    """
    shape, size = ImageShape(*images.shape[1:]), run.labels.size(classes)
    game = restored(run, snapshots, round_number, shape, size)
    if game.labeller is None:
        raise EvaluationError(
            f"{run.key}: artificial labels were asked for, but with these settings the method "
            f"{run.method['kind']!r} labels no images. Take a run that does, such as one of "
            "self_labeling with `conditional: true` and `artificial: unlabelled`."
        )
    device, scale = choose(run.engine.device), pixel_scaling(run.pixels).forward
    noise = torch_generator(0, "labelling/dequantisation", device)
    said = []
    for start in range(0, len(images), BATCH_SIZE):
        pixels = torch.from_numpy(np.ascontiguousarray(images[start : start + BATCH_SIZE]))
        said.append(game.labeller(game.players, scale(pixels.to(device), noise)).cpu().numpy())
    return np.concatenate(said)
