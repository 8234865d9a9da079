"""Real images in rows by artificial label and by reliability, as Figures 2 (a) and 3 show them."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import tiny_runs as tiny
from gan_repro import artificial, grids
from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING
from gan_repro.label_rows import chosen
from gan_repro.layouts import Layout
from gan_repro.runs import RunSpec

SLOW = {"average_memory": 2.0, "average_start": 0.0}
RUN = tiny.run("self_labeling", settings={"threshold": 0.1005, **SLOW}, pixels="symmetric")


def probabilities(labels: list[int], reliable: list[float], classes: int = 3) -> np.ndarray:
    """Rows whose largest entry is at the label; the others share what is left."""
    rest = (1 - np.array(reliable)) / (classes - 1)
    rows = np.repeat(rest[:, None], classes, axis=1)
    rows[np.arange(len(labels)), labels] = reliable
    return rows


def test_kept_images_stand_in_the_rows_of_their_label_in_the_datas_order() -> None:
    found = probabilities([1, 0, 1, 1, 0, 1, 2], [0.9, 0.9, 0.6, 0.8, 0.7, 0.9, 0.5])
    layout = Layout(rows=6, columns=2, repeats=2, real="by_label")
    rows = chosen(layout, found, threshold=0.7)
    assert [row.tolist() for row in rows] == [[1, 4], [], [0, 3], [5], [], []]


def test_without_a_threshold_every_image_is_kept() -> None:
    found = probabilities([1, 0, 1, 2, 2], [0.9, 0.5, 0.4, 0.99, 0.4])
    layout = Layout(rows=3, columns=4, real="by_label")
    assert [row.tolist() for row in chosen(layout, found, 0.0)] == [[1], [0, 2], [3, 4]]


def test_one_label_is_shown_from_its_most_to_its_least_reliable_image_at_even_steps() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([2, 0, 1], [60, 31, 9])
    reliable = rng.uniform(0.4, 1, 100)
    found = probabilities(labels.tolist(), reliable.tolist())
    layout = Layout(rows=2, columns=3, real="by_reliability")
    places = np.concatenate(chosen(layout, found, threshold=0.99))
    ranks = [int((reliable[labels == 2] > reliable[place]).sum()) for place in places]
    assert ranks == [0, 12, 24, 35, 47, 59]
    assert set(labels[places]) == {2}


def test_the_next_label_is_the_one_that_most_of_the_other_images_have() -> None:
    found = probabilities([0, 1, 1, 2, 2, 2], [0.8, 0.9, 0.7, 0.5, 0.6, 0.4])
    layout = Layout(rows=2, columns=2, real="by_reliability", rank=1)
    assert [row.tolist() for row in chosen(layout, found, 0.0)] == [[1, 2], []]


def test_a_label_without_images_leaves_its_rows_empty() -> None:
    found = probabilities([0, 0], [0.8, 0.9])
    layout = Layout(rows=1, columns=2, real="by_reliability", rank=2)
    assert [row.tolist() for row in chosen(layout, found, 0.0)] == [[]]


def test_a_rank_beyond_the_labels_is_refused() -> None:
    layout = Layout(real="by_reliability", rank=3)
    with pytest.raises(EvaluationError, match=r"rank 3, .*knows 3\. Lower the rank to 2"):
        chosen(layout, probabilities([0], [0.8]), 0.0)


@cache
def kept() -> dict[str, Tensor]:
    with tempfile.TemporaryDirectory() as root:
        return tiny.trained(RUN, Path(root), labels=np.full(100, MISSING))[0]


def cells(layout: Layout, run: dict = RUN) -> list[list[np.ndarray]]:
    """The images of a sheet as they were before they were enlarged, 8x8."""
    sheet = np.asarray(grids.draw(run, {"it": layout}, kept(), tiny.digits())["it"])
    small = sheet[::7, ::7]  # 56 // 8
    return [
        [small[9 * i + 1 : 9 * i + 9, 9 * j + 1 : 9 * j + 9] for j in range(layout.columns)]
        for i in range(layout.rows)
    ]


def test_a_sheet_shows_the_training_images_that_the_runs_labeller_sorts() -> None:
    layout = Layout(rows=10, columns=3, repeats=1, real="by_label")
    spec, images = RunSpec(**RUN), tiny.digits()
    said = artificial.probabilities(spec, kept(), 4, images.images, 10)
    expected = chosen(layout, said, 0.1005)
    assert 0 < sum(map(len, expected)) < 30
    for row, places in zip(cells(layout), expected, strict=True):
        for place, cell in zip(places, row, strict=False):
            np.testing.assert_array_equal(cell, images.images[place, 0])
        for cell in row[len(places) :]:
            assert set(cell.ravel()) == {96}


def test_rows_by_reliability_are_of_one_label() -> None:
    layout = Layout(rows=2, columns=2, real="by_reliability")
    said = artificial.probabilities(RunSpec(**RUN), kept(), 4, tiny.digits().images, 10)
    known = {image.tobytes(): row for image, row in zip(tiny.digits().images, said, strict=True)}
    shown = [known[cell.tobytes()] for row in cells(layout) for cell in row]
    assert len({row.argmax() for row in shown}) == 1
    assert [row.max() for row in shown] == sorted((row.max() for row in shown), reverse=True)


def test_two_rows_a_class_and_the_moving_average_of_the_generator() -> None:
    plain = Layout(rows=4, columns=2, repeats=2, along_rows=("labels",))
    averaged = plain.model_copy(update={"averaged": True})
    drawn = {"labels": torch.zeros(8, dtype=torch.int64), "latents": torch.zeros(8, 2)}
    assert plain.arrange(drawn, 10)["labels"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert not np.array_equal(cells(plain), cells(averaged))


def test_a_run_that_labels_nothing_is_refused() -> None:
    without = RUN | {"method": RUN["method"] | {"conditional": False}}
    with pytest.raises(EvaluationError, match="labels no images"):
        grids.draw(without, {"it": Layout(real="by_label")}, kept(), tiny.digits())
