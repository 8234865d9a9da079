"""SN-GAN in bare PyTorch: nets and loop that know nothing of gan_repro, to measure it against."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Up(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.interpolate(F.relu(self.norm1(x)), scale_factor=2)
        y = self.conv2(F.relu(self.norm2(self.conv1(y))))
        return y + F.interpolate(self.shortcut(x), scale_factor=2)


class Generator(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(128, width * 16)
        self.blocks = nn.Sequential(Up(width), Up(width), Up(width))
        self.norm = nn.BatchNorm2d(width)
        self.conv = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.blocks(self.dense(z).unflatten(1, (-1, 4, 4)))
        return torch.tanh(self.conv(F.relu(self.norm(x))))


class Down(nn.Module):
    def __init__(self, inputs: int, width: int, first: bool = False, halve: bool = True) -> None:
        super().__init__()
        self.first, self.halve = first, halve
        self.conv1 = spectral_norm(nn.Conv2d(inputs, width, 3, padding=1))
        self.conv2 = spectral_norm(nn.Conv2d(width, width, 3, padding=1))
        self.shortcut = spectral_norm(nn.Conv2d(inputs, width, 1)) if halve else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if not self.halve:
            return x + y
        if self.first:
            return F.avg_pool2d(y, 2) + self.shortcut(F.avg_pool2d(x, 2))
        return F.avg_pool2d(y, 2) + F.avg_pool2d(self.shortcut(x), 2)


class Discriminator(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        halve = Down(3, width, first=True), Down(width, width)
        keep = Down(width, width, halve=False), Down(width, width, halve=False)
        self.blocks = nn.Sequential(*halve, *keep)
        self.dense = spectral_norm(nn.Linear(width, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(F.relu(self.blocks(x)).sum(dim=(2, 3)))


def rounds(width: int, batch: int, images: Tensor) -> Iterator[None]:
    """Play one round a step: one discriminator update, one generator update."""
    generator, discriminator = Generator(width), Discriminator(width)
    g_adam = torch.optim.Adam(generator.parameters(), 1e-4, (0.5, 0.999), fused=True)
    d_adam = torch.optim.Adam(discriminator.parameters(), 4e-4, (0.5, 0.999), fused=True)
    while True:
        for index in torch.randperm(len(images)).split(batch):
            pixels = images[index]
            real = (pixels.float() + torch.rand(pixels.shape)) / 128 - 1
            with torch.no_grad():
                fake = generator(torch.randn(batch, 128))
            loss = F.relu(1 - discriminator(real)).mean() + F.relu(1 + discriminator(fake)).mean()
            d_adam.zero_grad()
            loss.backward()
            d_adam.step()
            discriminator.requires_grad_(False)
            loss = -discriminator(generator(torch.randn(batch, 128))).mean()
            g_adam.zero_grad()
            loss.backward()
            g_adam.step()
            discriminator.requires_grad_(True)
            yield
