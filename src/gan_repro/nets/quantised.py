"""A trunk of BigGAN's discriminator with quantised features, and the codebooks that follow them.

FQ-GAN (Zhao et al. 2020, arXiv 2004.02088); YangNaruto/FQ-GAN at a4cf3f1, FQ-BigGAN/BigGAN.py and
vq_layer.py. Codebooks have no gradient; they are a game's ``state``.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from gan_repro.images import ImageShape
from gan_repro.nets.biggan import Trunk
from gan_repro.nets.biggan_layers import Lineage

EPSILON = 1e-5
"""Added to the use of each code: vq_layer.py, ``eps``."""


class Quantised(NamedTuple):
    """What became of n maps.

    maps : (n, width, h, w), each place's features replaced by the nearest code; the gradient passes
        as if they were not.
    commitment : (n,), the mean squared distance from the codes, with a gradient to the features.
    perplexity : (), exp of the entropy of the codes' use in the batch, in [1, codes].
    """

    maps: Tensor
    commitment: Tensor
    perplexity: Tensor


class Committed(NamedTuple):
    """What a trunk's codebooks say of n images.

    commitment : (n,), summed over the quantised blocks.
    perplexity : (), of the last block's codes in the last pass.
    """

    commitment: Tensor
    perplexity: Tensor


class Codebook:
    """Codes that are moving averages of the features that are nearest to them.

    N_k = d N_k + (1 - d) n_k,  m_k = d m_k + (1 - d) sum of the n_k features nearest to e_k,
    e_k = m_k / N'_k with N'_k = (N_k + eps) / (N + K eps) N,  N = sum of N_k.
    At first e ~ N(0, I), m = e and N = 0.

    state : named tensors, which are edited in place: ``NAME.codes`` (K, width), ``NAME.sums``
        (K, width) and ``NAME.uses`` (K).
    decay : d.
    """

    def __init__(self, state: Mapping[str, Tensor], name: str, decay: float) -> None:
        self.state, self.name, self.decay = state, name, decay

    @staticmethod
    def first(name: str, codes: int, width: int) -> dict[str, Tensor]:
        """The first state of a codebook, drawn from PyTorch's global generator."""
        drawn = torch.randn(codes, width)
        sums, uses = drawn.clone(), torch.zeros(codes)
        return {f"{name}.codes": drawn, f"{name}.sums": sums, f"{name}.uses": uses}

    @torch.compiler.disable  # compiled, the backward would see the codes after they have moved
    def quantise(self, maps: Tensor, learn: bool) -> Quantised:
        """maps : (n, width, h, w); ``learn`` moves the codes, after these maps have used them."""
        with torch.autocast(maps.device.type, enabled=False):
            places = maps.float().movedim(1, -1)  # (n, h, w, width)
            flat = places.detach().flatten(0, 2)
            codes = self.state[f"{self.name}.codes"]
            nearest = torch.cdist(flat, codes).argmin(dim=1)
            chosen = codes[nearest].view_as(places)
            ones = torch.ones_like(nearest, dtype=torch.float32)
            counts = torch.zeros_like(codes[:, 0]).index_add_(0, nearest, ones)  # bincount waits
            if learn:
                self._follow(flat, nearest, counts)
            passed = places + (chosen - places).detach()
            shares = counts / counts.sum()
            entropy = -torch.xlogy(shares, shares).sum()
            apart = (chosen - places).square().mean(dim=(1, 2, 3))
        return Quantised(passed.movedim(-1, 1).to(maps.dtype), apart, entropy.exp())

    @torch.no_grad()
    def _follow(self, flat: Tensor, nearest: Tensor, counts: Tensor) -> None:
        codes, sums, uses = (self.state[f"{self.name}.{k}"] for k in ("codes", "sums", "uses"))
        uses.lerp_(counts, 1.0 - self.decay)
        sums.lerp_(torch.zeros_like(sums).index_add_(0, nearest, flat), 1.0 - self.decay)
        total = uses.sum()
        smooth = (uses + EPSILON) / (total + len(uses) * EPSILON) * total
        codes.copy_(sums / smooth.unsqueeze(1))


class QuantisingTrunk(Trunk):
    """A trunk that quantises the maps after some of its blocks.

    books : by the block's number.
    passes_codes : whether the codes go on to the next block, or the maps as they were.
    """

    def __init__(
        self, shape: ImageShape, width: int, lineage: Lineage, books: Mapping[int, Codebook],
        passes_codes: bool,
    ) -> None:  # fmt: skip
        super().__init__(shape, width, lineage)
        self.books, self.passes_codes = books, passes_codes
        self._seen: list[Quantised] = []
        self._passes: list[Committed] = []

    def after_block(self, number: int, maps: Tensor) -> Tensor:
        """The maps' codes, or the maps."""
        if number not in self.books:
            return maps
        found = self.books[number].quantise(maps, learn=self.training)
        self._seen.append(found)
        return found.maps if self.passes_codes else maps

    def forward(self, images: Tensor) -> Tensor:
        """As a trunk's; what the codebooks have found waits for ``take``."""
        self._seen = []
        features = super().forward(images)
        summed = torch.stack([found.commitment for found in self._seen]).sum(dim=0)
        self._passes.append(Committed(summed, self._seen[-1].perplexity))
        self._seen = []
        return features

    def take(self) -> Committed:
        """Of all images that were passed since this was called last, in their order."""
        passes, self._passes = self._passes, []
        return Committed(torch.cat([one.commitment for one in passes]), passes[-1].perplexity)
