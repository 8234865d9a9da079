"""What JGAN and its mixed form share: the label branch's settings, and the game of pairs.

Park 2019 (arXiv 1905.11574), eqs 3 and 4 in the hinge form of section 3; Tables 5 and 6.
"""

from collections.abc import Callable, Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import hinge_fake, hinge_generator, hinge_real
from gan_repro.methods._resnet import ResnetSettings
from gan_repro.nets.label_branch import LabelBranch
from gan_repro.nets.label_outputs import LabelOutput, label_output

Inputs = Mapping[str, Tensor]


class JointSettings(ResnetSettings):
    """Settings of a generator that makes a label beside the image.

    label_output, label_temperature : what follows the branch's last layer, see nets/label_outputs.
    """

    label_width: int = Field(default=128, ge=1)  # C_l of Table 5: 128 for CIFAR-10, 256 for -100
    label_hidden_layers: int = Field(default=2, ge=1)  # Table 5; 3 in Table 6
    dropout: float = Field(default=0.5, ge=0, lt=1)  # section 3
    label_output: LabelOutput = "softmax"  # Table 5 ends in a bare dense layer; see docs
    label_temperature: float = Field(default=1.0, gt=0)  # ours: the paper has none

    def label_branch(self, shape: ImageShape, size: int) -> LabelBranch:
        """The branch for labels of ``size`` entries."""
        width, layers = self.label_width, self.label_hidden_layers
        return LabelBranch(shape, self.generator_width, width, layers, size, self.dropout)

    def label(self, logits: Tensor, noise: Tensor) -> Tensor:
        """The label that the discriminator sees, (n, size), of the branch's logits."""
        return label_output(self.label_output, logits, noise, self.label_temperature)

    def joint_game(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        draw: Callable[[int, Draws], dict[str, Tensor]],
        generate: Callable[[Players, Inputs], tuple[Tensor, Tensor]],
        made: int,
    ) -> Game:
        """The game of pairs: D judges (image, label row), real or both generated.

        draw, generate : from a count to a generator's inputs, and from them to images and rows.
        made : how many of a row's entries, the last ones, are generated.
        """

        def discriminator_terms(
            players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
        ) -> Terms:
            assert batch is not None
            count = memory["count"] = len(batch.images)
            with torch.no_grad():
                images, labels = generate(players, draw(count, draws))
            real = players["discriminator"](batch.images, batch.labels)
            fake = players["discriminator"](images, labels)
            return Terms({"real": hinge_real(real), "fake": hinge_fake(fake)})

        def generator_terms(
            players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
        ) -> Terms:
            images, labels = generate(players, draw(memory["count"], draws))
            scores = players["discriminator"](images, labels)
            # real labels may be corners and generated ones not: watch that D can't tell by that
            sharpness = labels[:, -made:].max(dim=1).values.mean()
            return Terms({"adversarial": hinge_generator(scores)}, {"label_sharpness": sharpness})

        sampler = Sampler(draw, lambda players, inputs: Generated(*generate(players, inputs)))
        return self.game(generator, discriminator, discriminator_terms, generator_terms, sampler)
