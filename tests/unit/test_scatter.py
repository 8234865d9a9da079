"""Figures with a point a class: which rows they take, and what they draw."""

from pathlib import Path

import pytest

from gan_repro.printed_figures import FigureSpec
from gan_repro.scales import read_scale
from gan_repro.tables import scatter

SCALE = read_scale(Path(__file__).parents[2] / "conf/scales/smoke.yml")
PROTOCOL = "classifier_ms_ssim_smoke"
FIGURE = FigureSpec(
    title="Points", source="", x_label="across", y_label="up",
    scatter={
        "protocol": "acgan_diversity", "x": "ms_ssim_real", "y": "ms_ssim", "diagonal": True,
        "line_at": "largest_x",
        "runs": [{"title": "ours", "run": "a.clean"}, {"title": "theirs", "run": "b.clean"}],
    },
)  # fmt: skip


def row(metric: str, value: float, snapshot: int | str = 50, protocol: str = PROTOCOL) -> dict:
    return {"protocol": protocol, "metric": metric, "snapshot": snapshot, "value": value}


ROWS = [
    row("ms_ssim", 0.3),
    *(row(f"ms_ssim_of_{c}", 0.1 * c) for c in range(4)),
    *(row(f"ms_ssim_real_of_{c}", 0.2 * c) for c in range(1, 5)),
    row("ms_ssim_of_9", 0.9, protocol="another"),
]


def test_numbers_of_a_class_are_told_from_those_of_all() -> None:
    found = scatter.by_class(ROWS, [PROTOCOL], "ms_ssim")
    assert found == {c: pytest.approx(0.1 * c) for c in range(4)}
    assert set(scatter.by_class(ROWS, [PROTOCOL], "ms_ssim_real")) == {1, 2, 3, 4}
    assert scatter.by_class(ROWS, ["nobody"], "ms_ssim") == {}


def test_the_last_snapshot_counts() -> None:
    rows = [row("x_of_0", value, snapshot) for value, snapshot in ((1.0, 100), (2.0, 20))]
    assert scatter.by_class(rows, [PROTOCOL], "x") == {0: 1.0}


def test_points_are_classes_that_have_both_numbers() -> None:
    svg = scatter.class_points(FIGURE, SCALE, {"a.clean": ROWS})
    assert [f">{c}<" in svg for c in (1, 2, 3)] == [True] * 3
    assert svg.count("not run") == 1
    assert svg == scatter.class_points(FIGURE, SCALE, {"a.clean": ROWS})
    picture = scatter.class_points_picture(FIGURE, SCALE, {"a.clean": ROWS})
    assert picture.width > picture.height > 100
