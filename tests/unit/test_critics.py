"""WGAN-GP's critics, parameter counts, the tree of classes, and what k-means sees of a critic."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_repro.images import ImageShape
from gan_repro.losses import class_cross_entropy
from gan_repro.methods import class_splitting as method
from gan_repro.nets.conditioning import ClassTree, label_vectors
from gan_repro.nets.critics import ClassifyingCritic, Critic, MeanTrunk
from gan_repro.nets.resnet import Generator, Trunk
from tensors import close, count, differ

CIFAR, DIGITS = ImageShape(3, 32, 32), ImageShape(1, 8, 8)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


# networks


def test_parameter_counts_at_the_papers_size():
    conv, image, pixel = 128 * 128 * 9 + 128, 3 * 128 * 9 + 128, 128 * 128 + 128
    critic = (image + conv + 3 * 128 + 128) + (2 * conv + pixel) + 2 * 2 * conv + 128 + 1
    block = 2 * 2 * 128 + 2 * conv + pixel
    generator = (128 + 1) * 16 * 128 + 3 * block + 2 * 128 + 128 * 3 * 9 + 3
    with torch.device("meta"):
        assert count(Critic(CIFAR, 128)) == critic == 1_053_825
        assert count(ClassifyingCritic(CIFAR, 128, 512)) == 1_053_825 + 129 * 512
        assert count(Generator(CIFAR, 128, 128)) == generator == 1_204_483
    splitting = method.SplittingGenerator(CIFAR, method.Settings())
    assert count(splitting) == 1_204_483 + 6 * 2 * 128 * (512 - 1)


def test_a_critic_normalises_nothing():
    for critic in (Critic(DIGITS, 4), ClassifyingCritic(DIGITS, 4, 6)):
        assert not list(critic.buffers())
        for layer in critic.modules():
            assert "Norm" not in type(layer).__name__
            assert not hasattr(layer, "parametrizations")
            if isinstance(layer, nn.Conv2d | nn.Linear):
                assert layer.bias is not None
                assert layer.bias.abs().max() == 0


def test_weights_are_he_uniform_in_residual_branches_and_glorot_uniform_elsewhere():
    critic = Critic(CIFAR, 32)
    first, second = critic.trunk.blocks[0], critic.trunk.blocks[1]
    residual = {first.conv1, first.conv2, second.conv1, second.conv2}
    for layer in (*residual, first.shortcut, second.shortcut, critic.dense):
        weight, area = layer.weight, math.prod(layer.weight.shape[2:])
        fans = (weight.shape[0] + weight.shape[1]) * area
        bound = math.sqrt((12 if layer in residual else 6) / fans)  # conv2d.py: 4 or 2 over fans
        assert 0.8 * bound < weight.abs().max() <= bound


def pixelwise(trunk: Trunk) -> Trunk:
    """Kernels that look at no neighbour, so that a constant image stays constant."""
    for layer in trunk.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
            centre = layer.weight[:, :, 1:2, 1:2].detach().clone()
            with torch.no_grad():
                layer.weight.copy_(F.pad(centre, (1, 1, 1, 1)))
    return trunk


def test_a_critic_takes_the_mean_and_not_the_sum_over_space():
    mean = pixelwise(MeanTrunk(CIFAR, 4))
    total = Trunk(CIFAR, 4, wrap=lambda layer: layer)  # JGAN's
    total.load_state_dict(mean.state_dict())
    small = torch.randn(2, 3, 1, 1).expand(2, 3, 16, 16)
    large = small.repeat(1, 1, 1, 2)
    assert close(mean(large), mean(small))
    assert close(total(large), 2 * total(small), 1e-3)
    assert differ(total(large), total(small))
    assert close(mean(small) * 4 * 4, total(small), 1e-4)  # 16 pixels halved twice


def test_both_heads_read_the_mean():
    critic, images = ClassifyingCritic(DIGITS, 4, 6), torch.randn(3, *DIGITS)
    features = F.relu(critic.trunk.blocks(images)).mean(dim=(2, 3))
    scores, logits = critic(images)
    assert close(scores, (features @ critic.dense.weight.T + critic.dense.bias).squeeze(1))
    assert close(logits, features @ critic.classify.weight.T + critic.classify.bias)


# the tree


def test_the_tree_has_the_rows_of_recalc_labels():
    laid = ClassTree(8)
    assert laid.split(0) == 1
    assert laid.split(0) == 2
    assert laid.split(1) == 3
    rows = laid(torch.arange(4))
    assert rows.tolist() == [
        [1, 0, 1, 0, 1, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 1, 0],
        [1, 0, 1, 1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 1, 0, 0],
    ]
    assert laid(torch.arange(4, 8)).abs().max() == 0


def test_classes_not_in_use_take_no_share_of_the_logits():
    laid = ClassTree(6)
    logits, labels = torch.randn(4, 6), torch.tensor([0, 2, 1, 1])
    zeros = label_vectors(torch.zeros(4, dtype=torch.int64), 6)
    assert class_cross_entropy(laid.masked(logits), zeros) == 0  # one class: nothing to tell
    laid.split(0), laid.split(1)
    found = class_cross_entropy(laid.masked(logits), label_vectors(labels, 6))
    assert close(found, F.cross_entropy(logits[:, :3], labels))
    assert differ(class_cross_entropy(logits, label_vectors(labels, 6)), found)


def test_fake_labels_are_even_over_the_classes_in_use():
    laid, stream = ClassTree(16), torch.Generator().manual_seed(0)
    for classes in range(1, 6):
        assert laid.classes == classes
        found = method.uniform_classes(4000, laid, stream).bincount(minlength=16)
        assert found[classes:].sum() == 0
        assert (found[:classes] / 4000 - 1 / classes).abs().max() < 0.03
        laid.split(0)


def test_the_largest_share_is_never_rounded_up_to_a_class_not_in_use():
    largest = torch.tensor(1.0) - 2.0**-24  # torch.rand's in float32
    counts = torch.arange(1, 513)
    assert ((largest * counts).long() == counts - 1).all()


# what k-means sees


@pytest.mark.parametrize("over", ["images", "features"])
def test_features_have_the_norm_that_is_asked_for(over):
    critic = ClassifyingCritic(DIGITS, 4, 6)
    batches = [torch.randn(number, *DIGITS) for number in (6, 6, 3)]
    with torch.no_grad():
        found = method.critic_features(critic, iter(batches), over)
        bare = [critic.trunk(images).double() for images in batches]
    axis = 0 if over == "images" else 1
    expected = [rows / rows.square().mean(dim=axis, keepdim=True).sqrt() for rows in bare]
    assert close(torch.from_numpy(found), torch.cat(expected), 1e-4)
    other = method.critic_features(critic, iter(batches), "features" if axis == 0 else "images")
    assert abs(found - other).max() > 1e-2


def test_two_clouds_are_told_apart_whatever_the_seed():
    draw = np.random.default_rng(0)
    side = draw.random(60) < 0.3
    features = draw.normal(size=(60, 3)) + 20 * side[:, None]
    for seed in range(3):
        found = method.halves(features, seed)
        assert (found == side).all() or (found != side).all()
        assert (found == method.halves(features, seed)).all()
