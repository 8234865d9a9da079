"""Weight normalisation whose scales and shifts the first batch sets.

Salimans and Kingma 2016, sections 2 and 3, as openai/improved-gan has it (nn.py, WeightNormLayer).
"""

from typing import cast

import torch
from torch import Tensor, nn

EPSILON = 1e-6  # WeightNormLayer


class WeightNorm(nn.Module):
    """s V x / |V| + b, for each output of a linear or convolutional layer V without bias.

    learns_scale : whether s learns; if not, it stays as the first batch sets it (``train_g``).
    deviation : what the first batch's outputs deviate by from their mean, 0 (``init_stdv``).
    """

    scale: Tensor

    def __init__(
        self,
        layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d,
        learns_scale: bool = False,
        deviation: float = 1.0,
    ) -> None:
        super().__init__()
        nn.init.normal_(layer.weight, 0.0, 0.05)  # W=Normal(0.05) in all scripts
        self.layer, self.deviation = layer, deviation
        self.outputs = 1 if isinstance(layer, nn.ConvTranspose2d) else 0  # axis of the weight
        size = layer.weight.shape[self.outputs]
        self.shift = nn.Parameter(torch.zeros(size))
        if learns_scale:
            self.scale = nn.Parameter(torch.ones(size))
        else:
            self.register_buffer("scale", torch.ones(size))

    def _scaled(self, x: Tensor) -> Tensor:
        rows = self.layer.weight.transpose(0, self.outputs).flatten(1)
        factor = self.scale / (EPSILON + rows.square().sum(dim=1)).sqrt()
        y = self.layer(x)
        return y * factor.view(-1, *[1] * (y.ndim - 2))

    def forward(self, x: Tensor) -> Tensor:
        """What the layer takes -> what it gives."""
        y = self._scaled(x)
        return y + self.shift.view(-1, *[1] * (y.ndim - 2))

    @torch.no_grad()
    def initialise(self, x: Tensor) -> Tensor:
        """Set scales and shifts so that each output of this batch has mean 0 and the deviation."""
        y = self._scaled(x).float()
        axes = [axis for axis in range(y.ndim) if axis != 1]
        factor = self.deviation / y.std(axes, correction=0)
        self.scale.mul_(factor)
        self.shift.copy_(-y.mean(axes) * factor)
        return cast(Tensor, self(x))
