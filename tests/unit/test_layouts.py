"""Samples that share inputs: in groups, in rows and columns, on lines between two draws."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import tiny_codes
import tiny_runs as tiny
from gan_repro import grids, sampling, sheets
from gan_repro.checking import read_yaml
from gan_repro.drawing import RealImages, codes_of
from gan_repro.errors import EvaluationError
from gan_repro.evaluation import calibrate, evaluate, measure
from gan_repro.images import ImageSet, LabelSet
from gan_repro.layouts import Groups, Layout
from gan_repro.protocols import read_protocols
from gan_repro.runs import RunSpec

PROTOCOLS = read_yaml(Path(__file__).parents[2] / "conf" / "base" / "protocols.yml")
FAST = {"learning_rate": 0.02, "paced": False, "generator_width": 8}
SGAN = tiny.run("stacked_gan", settings=FAST, rounds=60, pixels="unit", snapshots=[0.5, 1.0])
"""Long enough for images to depend on labels and noise: weights begin near 0."""


@cache
def kept() -> dict[str, Tensor]:
    with tempfile.TemporaryDirectory() as root:
        return tiny.trained(SGAN, Path(root))[0]


def drawn(count: int) -> dict[str, Tensor]:
    """Latents that tell their place, and labels that differ from it."""
    places = torch.arange(count)
    return {"latents": torch.stack([places, -places], 1).float(), "labels": 7 - places % 3}


# groups


@pytest.mark.parametrize("count", [9, 12, 32])
def test_a_group_has_its_first_draw_however_many_follow(count: int) -> None:
    found = Groups(("latents",), 4).arrange(drawn(count))
    assert found["latents"][:9, 0].tolist() == [0, 0, 0, 0, 4, 4, 4, 4, 8]
    assert torch.equal(found["labels"], drawn(count)["labels"])
    assert Groups(("latents",), 4).of(9).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_without_held_inputs_nothing_is_shared() -> None:
    assert torch.equal(Groups().arrange(drawn(5))["latents"], drawn(5)["latents"])
    assert Groups().of(5) is None


@pytest.mark.parametrize("asked", [Groups(("latent",), 2), Layout(along_rows=("latent",))])
def test_an_input_that_is_not_drawn_is_refused(asked: Any) -> None:
    with pytest.raises(EvaluationError, match=r"'latent', but the method draws 'latents', 'labels"):
        asked.arrange(drawn(4)) if isinstance(asked, Groups) else asked.arrange(drawn(100), 10)


# layouts


def grid(layout: Layout, classes: int = 10) -> dict[str, np.ndarray]:
    """Each input by row and column; of latents the first number."""
    found = layout.arrange(drawn(layout.count), classes)
    shape = layout.rows, layout.columns
    return {
        "latents": found["latents"][:, 0].reshape(shape).numpy(),
        "labels": found["labels"].reshape(shape).numpy(),
    }


def test_inputs_are_the_same_along_rows_and_columns_and_labels_count() -> None:
    layout = Layout(rows=3, columns=4, along_rows=("labels",), along_columns=("latents",))
    found = grid(layout, classes=2)
    assert found["labels"].tolist() == [[0] * 4, [1] * 4, [0] * 4]
    assert found["latents"].tolist() == [[0, 1, 2, 3]] * 3
    other = Layout(rows=3, columns=4, along_columns=("labels",), along_rows=("latents",))
    assert grid(other)["labels"].tolist() == [[0, 1, 2, 3]] * 3
    assert grid(other)["latents"].tolist() == [[0] * 4, [4] * 4, [8] * 4]


def test_what_is_interpolated_moves_evenly_between_two_draws() -> None:
    found = grid(Layout(rows=2, columns=4, interpolated=("latents",), along_rows=("labels",)))
    np.testing.assert_allclose(found["latents"], [[0, 1, 2, 3], [4, 5, 6, 7]], rtol=1e-6)
    bent = drawn(8)
    bent["latents"][[1, 2, 5, 6]] = 100.0  # draws between the ends do not count
    layout = Layout(rows=2, columns=4, interpolated=("latents",))
    torch.testing.assert_close(layout.arrange(bent, 10)["latents"], drawn(8)["latents"])
    with pytest.raises(EvaluationError, match="interpolates 'labels', whose values are whole"):
        Layout(rows=2, columns=4, interpolated=("labels",)).arrange(drawn(8), 10)


def test_an_input_has_one_place() -> None:
    with pytest.raises(ValueError, match="'latents' is named twice"):
        Layout(along_rows=("latents",), interpolated=("latents",))


def test_a_layout_that_is_too_large_keeps_its_classes() -> None:
    assert Layout(along_rows=("labels",)).within(61).columns == 6
    fewer = Layout(along_columns=("labels",)).within(61)
    assert (fewer.rows, fewer.columns) == (6, 10)
    assert Layout().within(1000) == Layout()


# sheets of real networks


def pixels(layout: Layout) -> np.ndarray:
    """The images of a sheet, (rows, columns, 8, 8)."""
    return cut(grids.draw(SGAN, {"it": layout}, kept(), tiny.digits())["it"], layout)


def cut(picture: Image.Image, layout: Layout) -> np.ndarray:
    """Its images, (rows, columns, 8, 8)."""
    times = picture.width // (9 * layout.columns + 1)
    small = np.asarray(picture)[::times, ::times]
    shape = layout.rows, 9, layout.columns, 9
    return small[1:, 1:].reshape(shape).swapaxes(1, 2)[:, :, :8, :8]


def test_images_of_a_row_are_alike_where_all_inputs_are() -> None:
    every = ("labels", "noise_fc3", "noise_image")
    same = pixels(Layout(rows=3, columns=4, along_rows=every))
    assert (same == same[:, :1]).all()
    assert not (same[0] == same[1]).all()
    for free in every[1:]:
        held = tuple(name for name in every if name != free)
        found = pixels(Layout(rows=3, columns=4, along_rows=held))
        assert not (found == found[:, :1]).all(), free


def test_the_nearest_training_images_of_the_same_samples() -> None:
    layout = Layout(rows=3, columns=4, along_rows=("labels",))
    made = pixels(layout).reshape(12, 1, 64).astype(int)
    real = tiny.digits().images.reshape(1, 100, 64).astype(int)
    expected = tiny.digits().images[np.abs(made - real).sum(axis=2).argmin(axis=1), 0]
    found = pixels(layout.model_copy(update={"nearest": True}))
    assert np.array_equal(found.reshape(12, 8, 8), expected)
    itself = grids.nearest(tiny.digits(), tiny.digits())
    assert np.array_equal(itself.images, tiny.digits().images)


def test_a_sheet_can_show_an_earlier_snapshot() -> None:
    layout = Layout(rows=3, columns=4, snapshot=0.5)
    shape = tiny.digits().shape
    made = sampling.sample(RunSpec(**SGAN), kept(), 30, shape, 10, 12).images
    assert np.array_equal(pixels(layout).reshape(12, 8, 8), made[:, 0])
    assert not np.array_equal(pixels(layout), pixels(Layout(rows=3, columns=4)))
    with pytest.raises(EvaluationError, match="round 15"):
        pixels(layout.model_copy(update={"snapshot": 0.25}))


def test_a_sheet_of_large_images_fits_in_git() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 3, 32, 32), dtype=np.uint8)
    layout = Layout(along_rows=("labels",)).within(sheets.most(3 * 32 * 32))
    shown = ImageSet(noise[: layout.count], np.zeros(layout.count, np.int64), 10)
    drawn = sheets.grid(shown, layout.columns)
    assert isinstance(drawn, Image.Image)
    assert drawn.size == (layout.columns * 33 + 1, layout.rows * 33 + 1)
    assert layout.columns == 6


def test_codes_can_be_held_and_bring_their_classes() -> None:
    run = RunSpec(**tiny_codes.run())
    codes = codes_of(run, [tiny_codes.codes()])
    found = sampling.sample(
        run, tiny_codes.snapshots(), 4, tiny_codes.held_out().shape, 10, 32, codes=codes,
        arrange=Groups(("codes",), 8).arrange,
    )  # fmt: skip
    first = codes.classes[codes.places(32, 0)][::8]
    assert found.labels.tolist() == np.repeat(first, 8).tolist()


def test_rows_begin_with_the_images_whose_codes_they_are_made_from() -> None:
    run, snapshots, images = tiny_codes.run(), tiny_codes.snapshots(), tiny.digits()
    plain = Layout(along_rows=("codes",), rows=4, columns=3)
    beside = plain.model_copy(update={"sources": True})
    layouts = {"plain": plain, "beside": beside}
    drawn = grids.draw(run, layouts, snapshots, images, tiny_codes.held_out(), tiny_codes.codes())
    before, after = (cut(drawn[name], plain) for name in ("plain", "beside"))
    places = codes_of(RunSpec(**run), [tiny_codes.codes()]).places(12, 0)[::3]
    assert np.array_equal(after[:, 0], tiny_codes.held_out().images[places, 0])
    assert np.array_equal(after[:, 1:], before[:, 1:])
    with pytest.raises(EvaluationError, match="shows the images whose codes are fed"):
        grids.draw(run, {"it": beside}, snapshots, images, None, tiny_codes.codes())
    with pytest.raises(ValueError, match="along_rows must name 'codes'"):
        Layout(sources=True)


# scores


def small(**changes: Any) -> dict[str, Any]:
    return {**PROTOCOLS["pixel_fixed_feature_smoke"], "samples": 100, **changes}


def scored(*names: str, **protocols: dict[str, Any]) -> tuple[dict[str, float], Image.Image]:
    seen = measure(tiny_codes.held_out(), "pixels", "digits", "test")
    labels = LabelSet(tiny.digits().labels, {})
    rows, sheet = evaluate(SGAN, list(names or protocols), protocols, kept(), labels, seen)
    return {f"{row['protocol']}.{row['metric']}": row["value"] for row in rows}, sheet


def test_what_samples_share_does_not_add_to_their_distance() -> None:
    every = ["labels", "noise_fc3", "noise_image"]
    found, _ = scored(all=small(held=every), feature=small(), detail=small(held=every[::2]))
    assert found["all.group_diversity"] == found["all.group_diversity_share"] == 0
    for name, held in (("feature", every[:2]), ("detail", every[::2])):
        drawn = sampling.sample(
            RunSpec(**SGAN), kept(), 60, tiny.digits().shape, 10, 112,
            arrange=Groups(tuple(held), 10).arrange,
        )  # fmt: skip
        groups = drawn.images[:100].reshape(10, 10, 64) / 255
        apart = ((groups[:, :, None] - groups[:, None]) ** 2).sum(axis=3)
        expected = apart[:, *np.triu_indices(10, 1)].mean()
        assert found[f"{name}.group_diversity"] == pytest.approx(expected, rel=1e-5)
        assert expected > 0


def test_held_inputs_change_no_other_protocol_and_no_sheet() -> None:
    plain = {**PROTOCOLS["pixel_diversity_smoke"], "samples": 100}
    alone, sheet = scored(plain=plain)
    both, again = scored(feature=small(), plain=plain)
    assert both["plain.class_diversity"] == alone["plain.class_diversity"]
    assert np.array_equal(np.asarray(sheet), np.asarray(again))
    only, _ = scored(feature=small())
    assert only["feature.group_diversity"] == both["feature.group_diversity"]


def test_groups_need_a_protocol_that_holds_something() -> None:
    with pytest.raises(EvaluationError, match="group_diversity: 0 groups of samples share inputs"):
        scored(plain=small(held=[], group_size=1))
    for wrong in ({"held": []}, {"group_size": 1}):
        with pytest.raises(Exception, match="samples share the inputs"):
            read_protocols({"wrong": small(**wrong)})


def test_real_images_share_nothing() -> None:
    run = tiny.run("sngan", rounds=1) | {"method": {}}
    with pytest.raises(EvaluationError, match="real images have no inputs, and so cannot share"):
        calibrate(
            run, ["it"], {"it": small()}, tiny.digits(),
            measure(tiny_codes.held_out(), "pixels", "digits", "test"),
        )  # fmt: skip
    assert len(RealImages(RunSpec(**run), tiny.digits()).draw(1, 5, 0, False)) == 5
