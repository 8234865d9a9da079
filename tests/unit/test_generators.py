"""Conditional batch norm, the generator and JGAN's label branch; bugs are kept as proof."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_repro.images import ImageShape
from gan_repro.nets.conditioning import ConditionalBatchNorm2d, PlainBatchNorm2d, label_vectors
from gan_repro.nets.label_branch import JointGenerator, LabelBranch
from gan_repro.nets.resnet import Generator, GeneratorBlock
from tensors import close, differ

CIFAR, STL, MNIST, DIGITS = (
    ImageShape(*s) for s in ((3, 32, 32), (3, 48, 48), (1, 28, 28), (1, 8, 8))
)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


# conditional batch norm


def conditioned() -> tuple[ConditionalBatchNorm2d, Tensor, Tensor]:
    norm = ConditionalBatchNorm2d(4, 3)
    nn.init.normal_(norm.scale)
    nn.init.normal_(norm.shift)
    return norm, torch.randn(6, 4, 5, 5) * 3 + 1, torch.tensor([0, 1, 2, 2, 1, 0])


def test_one_hot_labels_scale_and_shift_by_class():
    norm, x, labels = conditioned()
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    variance = x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    normal = (x - mean) / (variance + 2e-5).sqrt()
    expected = normal * norm.scale[labels][..., None, None] + norm.shift[labels][..., None, None]
    assert close(norm(x, label_vectors(labels, 3)), expected)


def test_soft_labels_mix_the_rows():
    norm, x, labels = conditioned()
    norm(x, label_vectors(labels, 3))
    norm.eval()
    one, other = (norm(x, label_vectors(torch.full((6,), c), 3)) for c in (0, 2))
    soft = torch.tensor([[0.3, 0.0, 0.7]]).expand(6, 3)
    assert close(norm(x, soft), 0.3 * one + 0.7 * other)
    assert differ(other, norm(x, soft))  # the bug: a soft label taken as its largest class


def test_conditional_batch_norm_starts_as_plain_batch_norm():
    norm, x = ConditionalBatchNorm2d(4, 3), torch.randn(6, 4, 5, 5)
    plain = nn.BatchNorm2d(4, eps=2e-5, momentum=0.1)
    assert close(norm(x, torch.eye(3).repeat(2, 1)), plain(x))
    assert close(norm.normalise.running_mean, plain.running_mean)
    assert close(norm.normalise.running_mean, 0.1 * x.mean(dim=(0, 2, 3)))  # running decay 0.9


def test_the_last_batch_norm_of_a_conditional_generator_is_plain():
    generator = Generator(DIGITS, 8, 4, label_size=10)
    assert isinstance(generator.norm, nn.BatchNorm2d)
    assert generator.norm.affine
    assert isinstance(generator.blocks[0].norm1, ConditionalBatchNorm2d)
    assert isinstance(generator.blocks[0].norm2, ConditionalBatchNorm2d)


# the generator


def test_the_generators_block_is_sngan_projections():
    block = GeneratorBlock(3, 5, PlainBatchNorm2d).eval()
    x = torch.randn(2, 3, 4, 4)
    twice = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    y = F.relu(block.norm1(x, None)).repeat_interleave(2, 2).repeat_interleave(2, 3)
    y = block.conv2(F.relu(block.norm2(block.conv1(y), None)))
    assert close(block(x, None), y + block.shortcut(twice))
    smooth = F.interpolate(x, scale_factor=2.0, mode="bilinear")  # mimicry's upsampling
    assert differ(block(x, None), y + block.shortcut(smooth))


def test_batch_norm_in_the_wrong_mode_makes_an_image_depend_on_its_batch():
    generator = Generator(DIGITS, 8, 4)
    latents = torch.randn(16, 8)
    with torch.no_grad():
        generator(latents)
        assert differ(generator(latents)[:4], generator(latents[:4]))  # the bug: train mode
        generator.eval()
        assert close(generator(latents)[:4], generator(latents[:4]))


def joint(dropout: float = 0.5) -> JointGenerator:
    return JointGenerator(Generator(DIGITS, 8, 4), LabelBranch(DIGITS, 4, 6, 2, 10, dropout))


def test_a_joint_generators_image_is_the_plain_generators():
    network, latents = joint(), torch.randn(5, 8)
    images, logits = network.eval()(latents)
    assert close(images, network.image(latents))
    assert logits.shape == (5, 10)


def test_the_labels_gradient_reaches_the_shared_trunk_but_not_the_image_head():
    network = joint().train()
    network(torch.randn(5, 8))[1].logsumexp(dim=1).sum().backward()
    assert network.image.dense.weight.grad.abs().max() > 0
    assert network.image.to_image.weight.grad is None


def test_dropout_stands_before_every_dense_layer_of_the_label_branch():
    layers = list(joint().label.dense)
    dense = [place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
    assert dense == [1, 5, 9]
    assert all(layers[place - 1].p == 0.5 for place in dense)
    assert sum(isinstance(layer, nn.Dropout) for layer in layers) == 3
    latents, images = torch.randn(5, 8), []
    for dropout in (0.0, 0.9):
        torch.manual_seed(1)
        images.append(joint(dropout).train()(latents))
    assert torch.equal(images[0][0], images[1][0])  # the image never sees the dropout
    assert differ(images[0][1], images[1][1])


@pytest.mark.parametrize(
    ("shape", "side", "valid"), [(CIFAR, 8, 7), (STL, 12, 11), (MNIST, 7, 6), (DIGITS, 2, 1)]
)
def test_the_label_branch_pads_as_tensorflows_same(shape, side, valid):
    branch = LabelBranch(shape, 2, 3, 1, 10, 0.0).eval()
    features = torch.randn(2, 2, *shape[1:])
    seen: list[Tensor] = []
    branch.conv.register_forward_hook(lambda _, __, output: seen.append(output))
    branch(features)
    assert seen[0].shape[2:] == (side, side)
    total = (side - 1) * 4 + 7 - shape.height
    before = total // 2  # the odd row and column go to the end
    first = F.pad(features, (before, 9, before, 9))[:, :, :7, :7]
    bias = branch.conv.bias
    corner = torch.einsum("oihw,nihw->no", branch.conv.weight, first) + bias
    assert close(seen[0][:, :, 0, 0], corner)
    without = F.conv2d(features, branch.conv.weight, bias, stride=4)  # the bug: VALID
    assert without.shape[2:] == (valid, valid)
    if total % 2:  # the bug: PyTorch's even padding moves every window by a pixel
        even = F.conv2d(features, branch.conv.weight, bias, stride=4, padding=(total + 1) // 2)
        assert even.shape == seen[0].shape
        assert differ(even, seen[0])
