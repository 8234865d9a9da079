"""Augmentations: what they do, that gradients pass, and where their randomness comes from."""

import pytest
import torch
from torch import Tensor

from gan_repro.augmentation import AUGMENTATIONS, augment
from tensors import close, differ

EVERY = pytest.mark.parametrize("name", AUGMENTATIONS)


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int = 40, channels: int = 3, side: int = 16) -> Tensor:
    shape = (count, channels, side, side)
    return torch.rand(shape, generator=draw(1)) * 1.8 - 0.9


@EVERY
def test_the_stream_decides_and_no_other_is_disturbed(name):
    before = torch.get_rng_state()
    one, again, other = (augment(images(), [name], draw(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert differ(one, other)
    assert torch.equal(torch.get_rng_state(), before)
    stream = draw()
    assert differ(augment(images(), [name], stream), augment(images(), [name], stream))


@EVERY
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 28, 32, 48])
def test_shape_and_range_stay_and_gradients_pass(name, channels, side):
    given = images(6, channels, side).requires_grad_(True)
    made = augment(given, [name], draw())
    assert made.shape == given.shape
    assert -1 - 1e-6 <= made.min() < made.max() <= 1 + 1e-6
    made.square().sum().backward()
    assert (given.grad.flatten(1).abs().max(dim=1).values > 0).all()


@EVERY
def test_images_are_changed_each_for_itself(name):
    same = images(1).repeat(40, 1, 1, 1)
    made = augment(same, [name], draw()).flatten(1)
    assert len(made.unique(dim=0)) > (1 if name == "flip" else 10)


def test_several_follow_each_other():
    given = images()
    assert torch.equal(augment(given, [], draw()), given)
    both = augment(given, ["cutout", "flip"], draw())
    assert (both == 0).flatten(1).any(dim=1).all()
    assert differ(both, augment(given, ["cutout"], draw()))


def test_a_flip_mirrors_left_and_right_of_about_half():
    given = images(400)
    made = augment(given, ["flip"], draw())
    mirrored = (made == given.flip(3)).flatten(1).all(dim=1)
    assert 150 < mirrored.sum() < 250
    assert torch.equal(made[~mirrored], given[~mirrored])


def windows(image: Tensor, border: str) -> list[Tensor]:
    """All shifts of an image (c, 16, 16) by at most two pixels."""
    padded = torch.nn.functional.pad(image[None], (2, 2, 2, 2), border)[0]
    return [padded[:, i : i + 16, j : j + 16] for i in range(5) for j in range(5)]


@pytest.mark.parametrize(("name", "border"), [("shift", "reflect"), ("translation", "constant")])
def test_images_move_by_whole_pixels_up_to_an_eighth_of_the_side(name, border):
    image = images(1)
    made = augment(image.repeat(400, 1, 1, 1), [name], draw())
    allowed = windows(image[0], border)
    seen = {next(n for n, window in enumerate(allowed) if close(window, one, 1e-6)) for one in made}
    assert seen == set(range(25))


@pytest.mark.parametrize(("name", "border"), [("shift", "reflect"), ("translation", "constant")])
def test_an_eighth_of_the_width_and_of_the_height_need_not_be_the_same(name, border):
    image = images(1)[:, :, :8]
    padded = torch.nn.functional.pad(image, (2, 2, 1, 1), border)[0]
    allowed = [padded[:, i : i + 8, j : j + 16] for i in range(3) for j in range(5)]
    made = augment(image.repeat(300, 1, 1, 1), [name], draw())
    seen = {next(n for n, window in enumerate(allowed) if close(window, one, 1e-6)) for one in made}
    assert seen == set(range(15))


def test_cutout_leaves_out_a_square_of_half_the_side_which_the_border_may_cut():
    given = torch.ones(2000, 1, 8, 8)
    gone = augment(given, ["cutout"], draw()) == 0
    heights, widths = gone.any(dim=3).sum(dim=2), gone.any(dim=2).sum(dim=2)
    assert torch.equal(gone.sum(dim=(2, 3)), heights * widths)
    # centres lie on 0 .. 8 evenly; of four rows 2, 3, 4 (five times), 3 and 2 are inside
    shares = torch.bincount(heights.flatten(), minlength=5) / 2000
    assert close(shares, torch.tensor([0, 0, 2 / 9, 2 / 9, 5 / 9]), 0.04)


def test_colour_moves_no_pixel():
    flat = torch.full((10, 3, 8, 8), 0.2) + torch.tensor([0.1, 0.0, -0.1]).view(3, 1, 1)
    made = augment(flat, ["colour"], draw())
    assert close(made, made[:, :, :1, :1].expand_as(made))
    assert differ(made, flat)
