"""FQ-GAN: the discriminator's features are quantised by codebooks that follow them.

h_b = the maps after block b, q_b = the nearest codes of its codebook, |.|^2 a mean:
L_D = BigGAN's + l E_x[sum_b |h_b - sg(q_b)|^2] + l E_z[the same of G(z)];  L_G = BigGAN's + the
same of G(z). The next block gets h_b, or q_b with a gradient as if it were h_b: ``passed_on``. See
``nets/quantised`` for the codebooks.
Zhao et al. 2020 (arXiv 2004.02088); constants of YangNaruto/FQ-GAN, FQ-BigGAN/scripts/launch_C10.sh
(at bc43d45; at a4cf3f1 it has 2^6 codes and a decay of .9).
"""

from typing import Literal

from pydantic import Field
from torch import Tensor

from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._biggan import Biggan, BigganSettings
from gan_repro.nets.biggan import Discriminator
from gan_repro.nets.quantised import Codebook, QuantisingTrunk

CITATION = "Zhao, Li, Yu, Gao and Chen, Feature Quantization Improves GAN Training, ICML 2020"
GUESSES = (
    "the paper passes codes on to the next block; the released BigGAN.py finds them and passes the "
    "maps on, so that only the commitment acts. The default is the code's",
    "codes start as in the code, from N(0, I), far from the features of spectrally normal layers: "
    "a few take all features, the others are never used, and passed on they tell D next to nothing",
)


class Settings(BigganSettings):
    """What launch_C10.sh says; a run has 500 epochs of 195 rounds, 97,500 in all.

    passed_on : whether the next block gets the codes or the maps, see ``GUESSES``.
    blocks : after which of the four blocks there is a codebook.
    decay : of the codebooks, in every pass of the discriminator, in both turns.
    """

    average_memory: float = Field(default=0.10256, gt=0)  # 0.9999 in each of 97,500 rounds
    average_start: float = Field(default=0.01026, ge=0, le=1)  # round 1,000 of 97,500
    blocks: tuple[Literal[0, 1, 2, 3], ...] = Field(default=(0, 1, 2, 3), min_length=1)
    codes: int = Field(default=1024, ge=2)  # 2 ** --dict_size
    decay: float = Field(default=0.8, ge=0, lt=1)  # --dict_decay
    commitment_weight: float = Field(default=1.0, ge=0)  # --commitment
    passed_on: Literal["codes", "maps"] = "maps"  # BigGAN.py; the paper: codes


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; fake labels are drawn evenly.

    The codebooks are state: ``block0.codes``, ``block0.sums``, ``block0.uses``, and so on.
    """
    frame = Biggan(settings, shape, classes if settings.conditional else 0)
    loss, weight = frame.loss, settings.commitment_weight
    state: dict[str, Tensor] = {}
    trunk = _trunk(settings, shape, frame, state)
    discriminator = Discriminator(trunk, frame.label_size)
    for number in settings.blocks:
        state.update(Codebook.first(f"block{number}", settings.codes, trunk.width))

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        real, labels, fake = frame.see(players, batch, draws, memory)
        true, false = frame.scores(
            players["discriminator"], (real, labels), (fake.images, fake.labels)
        )
        commitment, perplexity = trunk.take()
        of_real, of_fake = commitment.split([len(real), len(fake.images)])
        losses = {"real": loss.true(true), "fake": loss.false(false)}
        losses["real_commitment"] = weight * of_real.mean()
        losses["fake_commitment"] = weight * of_fake.mean()
        return Terms(losses, {"perplexity": perplexity})

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        made = frame.make(players, memory["count"], draws)
        scores = players["discriminator"](made.images, made.labels)
        commitment = weight * trunk.take().commitment.mean()
        return Terms({"adversarial": loss.generator(scores), "commitment": commitment})

    game = frame.game(discriminator, discriminator_terms, generator_terms)
    game.state = state  # the codebooks hold the same dictionary
    return game


def _trunk(
    settings: Settings, shape: ImageShape, frame: Biggan, state: dict[str, Tensor]
) -> QuantisingTrunk:
    """The discriminator's trunk, with codebooks that find themselves in ``state``."""
    books: dict[int, Codebook] = {
        number: Codebook(state, f"block{number}", settings.decay) for number in settings.blocks
    }
    width, passes_codes = settings.discriminator_width, settings.passed_on == "codes"
    return QuantisingTrunk(shape, width, frame.lineage, books, passes_codes)
