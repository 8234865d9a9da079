"""The denoiser of denoising feature matching."""

from torch import Tensor, nn


class Denoiser(nn.Module):
    """r: dense layers with batch norm and ReLU, and a last one with neither.

    Warde-Farley and Bengio 2017. No bias beside batch norm's shift.

    size : of the features that come in and of those that come out.
    depth : how many dense layers, each but the last with ``width`` outputs.
    """

    def __init__(self, size: int, width: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = size
        for _ in range(depth - 1):
            layers += [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, size))

    def forward(self, features: Tensor) -> Tensor:
        """features : (n, size) -> the same without their noise."""
        return self.layers(features)
