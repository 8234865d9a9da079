"""JGAN's networks: parameter counts, and the traps of other projects, each bug kept as proof.

A test of a trap holds the wrong version too, and shows that it gives another result.
"""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import MISSING, ImageShape
from gan_repro.nets.conditioning import label_vectors
from gan_repro.nets.label_branch import JointGenerator, LabelBranch
from gan_repro.nets.resnet import (
    ClassifyingDiscriminator,
    Discriminator,
    DiscriminatorBlock,
    FirstDiscriminatorBlock,
    Generator,
    Trunk,
    upsample_steps,
)
from tensors import close, count, differ

CIFAR, STL, MNIST, DIGITS, FACES, LARGE = (
    ImageShape(*s)
    for s in ((3, 32, 32), (3, 48, 48), (1, 28, 28), (1, 8, 8), (3, 64, 64), (3, 128, 128))
)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


# parameter counts


def test_parameter_counts_are_those_of_sngan_projection():
    with torch.device("meta"):
        assert count(Generator(CIFAR, 128, 256)) == 4_276_739
        assert count(Generator(CIFAR, 128, 256, label_size=10)) == 4_304_387
        assert count(Generator(CIFAR, 138, 256)) == 4_276_739 + 10 * 4096  # [z, one-hot y]
    assert count(Discriminator(CIFAR, 128)) == 1_053_824
    assert count(Discriminator(CIFAR, 128, label_size=10)) == 1_055_104
    assert count(ClassifyingDiscriminator(CIFAR, 128, 10)) == 1_053_824 + 128 * 10 + 10


def conv_count(inputs: int, outputs: int, size: int) -> int:
    return inputs * outputs * size**2 + outputs


def dense_count(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


@pytest.mark.parametrize(
    ("shape", "side", "branch", "hidden", "layers", "outputs"),
    [
        (CIFAR, 4, 8, 128, 2, 10),  # Table 5, CIFAR-10
        (CIFAR, 4, 8, 256, 2, 100),  # Table 5, CIFAR-100
        (CIFAR, 4, 8, 128, 3, 64),  # Table 6
        (STL, 6, 12, 128, 3, 64),
    ],
)
def test_joint_generators_have_the_sizes_of_tables_3_to_6(
    shape, side, branch, hidden, layers, outputs
):
    block = 2 * (2 * 256) + 2 * conv_count(256, 256, 3) + conv_count(256, 256, 1)
    table3 = dense_count(128, side**2 * 256) + 3 * block + 2 * 256 + conv_count(256, 3, 3)
    widths = [branch**2 * 256, *[hidden] * layers, outputs]
    dense = sum(dense_count(a, b) for a, b in pairwise(widths))
    label = conv_count(256, 256, 7) + 2 * 256 + dense + layers * 2 * hidden
    with torch.device("meta"):
        image = Generator(shape, 128, 256)
        joint = JointGenerator(image, LabelBranch(shape, 256, hidden, layers, outputs, 0.5))
    assert count(image) == table3
    assert count(joint) == table3 + label


@pytest.mark.parametrize("shape", [CIFAR, STL])
def test_the_discriminator_has_the_sizes_of_table_4(shape):
    first = conv_count(3, 128, 3) + conv_count(128, 128, 3) + conv_count(3, 128, 1)
    halving = 2 * conv_count(128, 128, 3) + conv_count(128, 128, 1)
    keeping = 2 * conv_count(128, 128, 3)
    assert count(Discriminator(shape, 128)) == first + halving + 2 * keeping + 128


@pytest.mark.parametrize(("shape", "more"), [(FACES, 1), (LARGE, 2)])
def test_large_images_get_as_many_blocks_more_on_both_sides(shape, more):
    """Durall et al., section 4.2: one and two layers more at 64 and 128 pixels."""
    small, large = Trunk(CIFAR, 4), Trunk(shape, 4)
    assert len(large.blocks) == len(small.blocks) + more
    assert large.blocks(torch.randn(2, *shape)).shape == (2, 4, 8, 8)
    assert len(Generator(shape, 16, 4).blocks) == len(Generator(CIFAR, 16, 4).blocks) + more


# shapes


@pytest.mark.parametrize(
    ("shape", "steps", "bottom"),
    [(DIGITS, 1, 4), (MNIST, 2, 7), (CIFAR, 3, 4), (STL, 3, 6), (FACES, 4, 4), (LARGE, 5, 4)],
)
def test_the_generator_doubles_up_to_the_image(shape, steps, bottom):
    assert upsample_steps(shape) == steps
    generator = Generator(shape, 16, 4)
    assert generator.bottom == (4, bottom, bottom)
    assert generator(torch.randn(2, 16)).shape == (2, *shape)


def test_odd_and_tiny_images_are_not_halved():
    assert upsample_steps(ImageShape(1, 7, 7)) == upsample_steps(ImageShape(1, 6, 6)) == 0
    assert upsample_steps(ImageShape(1, 8, 12)) == 1


# initial weights


def test_weights_are_glorot_uniform_with_the_gains_of_sngan_projection():
    generator, trunk = Generator(CIFAR, 128, 32), Trunk(CIFAR, 32)
    block, first = generator.blocks[0], trunk.blocks[0]
    root2 = {block.conv1, block.conv2, first.conv1, first.conv2}
    for layer in (*root2, block.shortcut, first.shortcut, generator.to_image, generator.dense):
        weight = max(layer.parameters(), key=Tensor.numel)  # not yet spectrally normalised
        area = weight[0, 0].numel() if weight.ndim == 4 else 1
        gain = math.sqrt(2) if layer in root2 else 1.0
        bound = gain * math.sqrt(6 / ((weight.shape[0] + weight.shape[1]) * area))
        assert 0.8 * bound < weight.abs().max() <= bound
        assert layer.bias.abs().max() == 0


# the discriminator's traps


class InPlace(DiscriminatorBlock):
    """The bug: the first ReLU overwrites x, so the shortcut carries ReLU(x)."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.relu(self.conv1(F.relu(x, inplace=True))))
        return x + y


def test_the_shortcut_carries_x_and_not_its_relu():
    block = DiscriminatorBlock(3, halve=False).eval()
    buggy = InPlace(3, halve=False).eval()
    buggy.load_state_dict(block.state_dict())
    x = torch.randn(2, 3, 4, 4)
    kept = x.clone()
    right = x + block.conv2(F.relu(block.conv1(F.relu(x))))
    assert close(block(x), right)
    assert torch.equal(x, kept)
    wrong = buggy(x.clone())
    assert differ(wrong, right)
    assert close(wrong, right + F.relu(-x))  # exactly the negative part is lost


def sizes_seen(module: nn.Module, run: nn.Module, x: Tensor) -> int:
    """The height at which ``module`` works while ``run`` sees ``x``."""
    seen: list[int] = []
    handle = module.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[2]))
    run(x)
    handle.remove()
    return seen[0]


class OrdinaryFirst(FirstDiscriminatorBlock):
    """compare_gan's first block: an ordinary one, with a ReLU on the image."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.relu(self.conv1(F.relu(x))))
        return F.avg_pool2d(y, 2) + F.avg_pool2d(self.shortcut(x), 2)


def test_the_first_block_sees_the_image_without_a_relu():
    block, buggy = FirstDiscriminatorBlock(3, 5).eval(), OrdinaryFirst(3, 5).eval()
    buggy.load_state_dict(block.state_dict())
    x = torch.randn(2, 3, 8, 8)
    y = block.conv2(F.relu(block.conv1(x)))
    right = F.avg_pool2d(y, 2) + block.shortcut(F.avg_pool2d(x, 2))
    assert close(block(x), right)
    assert differ(buggy(x), right)


def test_only_the_first_blocks_shortcut_pools_before_it_convolves():
    """The orders agree in value, since a 1x1 convolution and a mean commute, not in work."""
    first, later = FirstDiscriminatorBlock(3, 3).eval(), DiscriminatorBlock(3, halve=True).eval()
    wrong = OrdinaryFirst(3, 3).eval()
    x = torch.randn(2, 3, 8, 8)
    assert sizes_seen(first.shortcut, first, x) == 4
    assert sizes_seen(later.shortcut, later, x) == 8 == sizes_seen(wrong.shortcut, wrong, x)
    y = later.conv2(F.relu(later.conv1(F.relu(x))))
    assert close(later(x), F.avg_pool2d(y, 2) + F.avg_pool2d(later.shortcut(x), 2))
    assert close(later.shortcut(F.avg_pool2d(x, 2)), F.avg_pool2d(later.shortcut(x), 2))


@pytest.mark.parametrize(("shape", "side"), [(DIGITS, 2), (MNIST, 7), (CIFAR, 8), (STL, 12)])
def test_the_trunk_sums_over_space(shape, side):
    trunk = Trunk(shape, 4).eval()
    images = torch.randn(2, *shape)
    maps = F.relu(trunk.blocks(images))
    assert maps.shape == (2, 4, side, side)
    assert close(trunk(images), maps.flatten(2).sum(dim=2), 1e-4)
    wrong = maps.mean(dim=(2, 3))  # WGAN-GP's and compare_gan's pooling
    assert differ(trunk(images), wrong)
    assert close(trunk(images), wrong * side**2, 1e-4)


def test_the_last_layer_has_no_bias():
    right = Discriminator(CIFAR, 4)
    wrong = nn.Linear(4, 1)  # mimicry's and StudioGAN's
    assert right.dense.bias is None
    assert right.dense(torch.zeros(1, 4)).item() == 0
    assert differ(wrong(torch.zeros(1, 4)), torch.zeros(1, 1))
    assert count(right.dense) == count(wrong) - 1


def test_every_layer_of_the_discriminator_is_spectrally_normalised_and_none_of_the_generator():
    layers = [
        layer
        for network in (Discriminator(DIGITS, 4, 10), ClassifyingDiscriminator(DIGITS, 4, 10))
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    assert len(layers) == 2 * (3 + 3 + 2 + 2 + 2)
    assert all(hasattr(layer, "parametrizations") for layer in layers)
    assert not any(hasattr(m, "parametrizations") for m in Generator(DIGITS, 8, 4, 10).modules())


# the projection


def test_a_projection_of_one_hot_labels_is_an_embedding_lookup():
    network = Discriminator(DIGITS, 4, 10).eval()
    images, labels = torch.randn(6, *DIGITS), torch.tensor([0, 3, 9, 3, 1, 7])
    features = network.trunk(images)
    looked_up = F.embedding(labels, network.projection.weight)
    expected = network.dense(features).squeeze(1) + (looked_up * features).sum(dim=1)
    assert close(network(images, labels), expected)
    assert close(network(images, F.one_hot(labels, 10).float()), expected)
    assert differ(network(images, torch.zeros_like(labels)), expected)  # all labels silently 0


def test_a_missing_label_adds_nothing_to_the_score():
    network = Discriminator(DIGITS, 4, 10).eval()
    images = torch.randn(3, *DIGITS)
    labels = torch.tensor([2, MISSING, MISSING])
    bare = network.dense(network.trunk(images)).squeeze(1)
    scores = network(images, labels)
    assert close(scores[1:], bare[1:])
    assert differ(scores[:1], bare[:1])
    wrong = network(images, labels % 10)  # -1 taken as an index: the last class
    assert differ(wrong[1:], bare[1:])


def test_a_soft_label_passes_gradients_and_mixes_scores():
    network = Discriminator(DIGITS, 4, 10).eval()
    image = torch.randn(1, *DIGITS)
    soft = torch.rand(1, 10).softmax(dim=1).requires_grad_()
    score = network(image, soft)
    alone = torch.stack([network(image, torch.tensor([c])).squeeze() for c in range(10)])
    assert close(score, (soft @ alone))
    score.sum().backward()
    assert close(soft.grad.squeeze(), network.projection(network.trunk(image)).squeeze())


def test_label_vectors_are_one_hot_zero_or_as_given():
    soft = torch.rand(2, 4)
    assert label_vectors(torch.tensor([1, MISSING]), 3).tolist() == [[0, 1, 0], [0, 0, 0]]
    assert label_vectors(soft, 4) is soft
