"""What becomes of the label branch's last layer: how JGAN's generated label looks to D.

JGAN's Table 5 ends in a bare dense layer and the paper says no more; these are the readings.
"""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

LabelOutput = Literal["softmax", "linear", "straight_through", "gumbel_softmax"]


def softmax(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """exp(l / t) / sum exp(l / t): a distribution, never a corner."""
    return F.softmax(logits / temperature, dim=1)


def linear(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """The layer as it is, for labels that are no distributions, such as codes."""
    return logits


def straight_through(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """One-hot argmax forwards, softmax's gradient backwards (Bengio et al. 2013)."""
    soft = softmax(logits, noise, temperature)
    hard = F.one_hot(soft.argmax(dim=1), soft.shape[1]).to(soft)
    return hard + (soft - soft.detach())  # in this order the value is one-hot to the bit


def gumbel_softmax(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """softmax((l + g) / t), g Gumbel: a soft draw from the distribution (Jang et al. 2017)."""
    gumbel = -torch.log(-torch.log(noise.clamp(1e-6, 1 - 1e-6)))
    return softmax(logits + gumbel, noise, temperature)


_OUTPUTS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "softmax": softmax,
    "linear": linear,
    "straight_through": straight_through,
    "gumbel_softmax": gumbel_softmax,
}


def label_output(kind: LabelOutput, logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """Labels (n, k) from logits (n, k); ``noise`` is uniform in [0, 1), (n, k)."""
    return _OUTPUTS[kind](logits, noise, temperature)
