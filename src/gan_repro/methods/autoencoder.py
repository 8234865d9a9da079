"""An autoencoder of a data set's own images: one player, squared error, Adam.

The suite's instrument for weak labels: its codes are a signal that depends on the image and that
nobody has to give (JGAN, arXiv 1905.11574, section 2 names autoencoders).
"""

from pydantic import Field
from torch.nn import functional as F

from gan_repro.game import Batch, Clock, Draws, Game, Memory, Players, Terms
from gan_repro.images import ImageShape
from gan_repro.methods._alone import AloneSettings
from gan_repro.nets.autoencoder import Autoencoder

CITATION = (
    "Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006"
)
NAME = "autoencoder"


class Settings(AloneSettings):
    """code_size : numbers that an image becomes; width : channels of the first convolution.

    learning_rate, beta1, beta2 : Adam's. All are ours: JGAN names the idea, without a network.
    """

    code_size: int = Field(default=64, ge=1)
    width: int = Field(default=32, ge=1)


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of an autoencoder that learns alone; ``classes`` is not used."""
    return settings.game(
        NAME, Autoencoder(shape, settings.code_size, settings.width), reconstruction
    )


def reconstruction(
    players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
) -> Terms:
    """E[(x - G(E(x)))^2], the mean over all pixels in [-1, 1]; labels are not used."""
    assert batch is not None
    _, images = players[NAME](batch.images)
    return Terms({"squared_error": F.mse_loss(images, batch.images.float())})
