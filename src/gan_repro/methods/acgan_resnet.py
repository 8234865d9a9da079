"""AC-GAN on JGAN's networks: the "AC-GAN" row of JGAN's Table 1.

L_D = hinge + a CE(C(x), y),  L_G = -E[D(G(z, c))] + b CE(C(G(z, c)), c).
Odena et al. 2017 on the SN-GAN trunk; the class term on real images only in D, and the weights
a = 1, b = 0.1, are those of improved_wgan_training (gan_cifar_resnet.py). JGAN states none. There
the class head reads mean-pooled features and has no spectral norm; here it reads the trunk's sum
and has one, so the same weights may weigh differently.
"""

from collections.abc import Mapping

import torch
from pydantic import Field

from gan_repro.game import Batch, Clock, Draws, Game, Generated, Memory, Players, Sampler, Terms
from gan_repro.images import ImageShape
from gan_repro.losses import class_cross_entropy, hinge_fake, hinge_generator, hinge_real
from gan_repro.methods._resnet import ResnetSettings, uniform_labels
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.resnet import ClassifyingDiscriminator, Generator

CITATION = (
    "Odena, Olah and Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs, ICML 2017"
)


class Settings(ResnetSettings):
    """Settings of the AC-GAN baseline."""

    discriminator_class_weight: float = Field(default=1.0, ge=0)  # a
    generator_class_weight: float = Field(default=0.1, ge=0)  # b


def build(settings: Settings, shape: ImageShape, classes: int) -> Game:
    """The game of ``generator`` and ``discriminator``; the trunk sees no label."""

    def discriminator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        assert batch is not None
        count = memory["count"] = len(batch.images)
        labels = label_vectors(uniform_labels(count, classes, draws), classes)
        with torch.no_grad():
            fakes = players["generator"](settings.latents(count, draws), labels)
        real, logits = players["discriminator"](batch.images)
        fake, _ = players["discriminator"](fakes)
        entropy = class_cross_entropy(logits, label_vectors(batch.labels, classes))
        return Terms(
            {
                "real": hinge_real(real),
                "fake": hinge_fake(fake),
                "class": settings.discriminator_class_weight * entropy,
            }
        )

    def generator_terms(
        players: Players, batch: Batch | None, draws: Draws, clock: Clock, memory: Memory
    ) -> Terms:
        labels = label_vectors(uniform_labels(memory["count"], classes, draws), classes)
        fakes = players["generator"](settings.latents(memory["count"], draws), labels)
        scores, logits = players["discriminator"](fakes)
        entropy = class_cross_entropy(logits, labels)
        return Terms(
            {
                "adversarial": hinge_generator(scores),
                "class": settings.generator_class_weight * entropy,
            }
        )

    def generate(players: Players, inputs: Mapping[str, torch.Tensor]) -> Generated:
        rows = label_vectors(inputs["labels"], classes)
        return Generated(players["generator"](inputs["latents"], rows), inputs["labels"])

    return settings.game(
        Generator(shape, settings.latent_size, settings.generator_width, classes),
        ClassifyingDiscriminator(shape, settings.discriminator_width, classes),
        discriminator_terms,
        generator_terms,
        Sampler(
            draw=lambda n, draws: {
                "latents": settings.latents(n, draws),
                "labels": uniform_labels(n, classes, draws),
            },
            generate=generate,
        ),
    )
