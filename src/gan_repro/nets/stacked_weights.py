"""The authors' pre-trained encoders, from xunhuang1995/SGAN, */pretrained/encoder.npz."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gan_repro.errors import DataError

NAMES = ("conv1", "conv2", "fc3", "fc4")


def encoder_weights(arrays: Mapping[str, np.ndarray], mean: np.ndarray) -> dict[str, Tensor]:
    """Parameter -> values of ``stacked_encoder.Encoder``.

    arrays : what ``np.load`` gives of an encoder.npz: ``arr_0`` to ``arr_7``, weight and bias of
        each layer in order. Lasagne keeps dense weights as (inputs, outputs), and correlates, as
        PyTorch does, where its convolutions run on cuDNN.
    mean : float (channels, height, width), what is subtracted from images in [0, 1].

    Raises
    ------
    DataError
        When there are other arrays, or their shapes do not fit one another.
    """
    expected = [f"arr_{i}" for i in range(2 * len(NAMES))]
    if sorted(arrays) != expected:
        raise DataError(
            f"encoder.npz: holds {', '.join(sorted(arrays)) or 'nothing'}; expected arr_0 to "
            "arr_7, weight and bias of conv1, conv2, fc3 and fc4. Take the authors' own file, "
            "pretrained/encoder.npz."
        )
    found = {"mean": torch.from_numpy(np.array(mean, dtype=np.float32))}
    for i, name in enumerate(NAMES):
        weight, bias = (np.array(arrays[f"arr_{2 * i + k}"], dtype=np.float32) for k in (0, 1))
        dense = name.startswith("fc")
        layout = "(inputs, outputs)" if dense else "(outputs, inputs, 5, 5)"
        if weight.ndim != (2 if dense else 4) or len(bias) != weight.shape[1 if dense else 0]:
            raise DataError(
                f"encoder.npz: {name} has a weight of shape {weight.shape} and a bias of "
                f"{bias.shape}; expected {layout} and (outputs,)."
            )
        found[f"{name}.weight"] = torch.from_numpy(weight.T.copy() if dense else weight)
        found[f"{name}.bias"] = torch.from_numpy(bias)
    return found
