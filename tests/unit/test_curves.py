"""Figures over training: a line is the mean of what was scored, thin ones are seeds."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gan_repro.pipelines.report import draw_curves
from gan_repro.printed_figures import FigureSpec
from gan_repro.scales import read_scale
from gan_repro.tables import curves, style
from gan_repro.tables.evidence import Evidence
from tiny_papers import paper

GOLDEN = Path(__file__).parents[1] / "golden/tables/scale.yml"
SCALE = read_scale(GOLDEN).model_copy(
    update={"protocols": {"course": ["first", "second"], "baseline": "other"}}
)
HISTORY = pd.DataFrame({"round": range(300), "generator.adversarial": 0.5, "discriminator.same": 1})
RUNS = [
    {"title": "ours", "run": "a.x"},
    {"title": "theirs", "run": "b.x", "protocol": "baseline"},
]


def figure(losses: bool = False) -> FigureSpec:
    titles = {"fid": "FID", "label_agreement": "accuracy"}
    content = {"protocol": "course", "metrics": titles, "losses": losses, "runs": RUNS}
    return FigureSpec(title="Course", source="Figure 4", curves=content)


def rows(protocol: str, metric: str, values: dict[int | str, float]) -> list[dict[str, Any]]:
    return [
        {"protocol": protocol, "metric": metric, "snapshot": played, "value": value}
        for played, value in values.items()
    ]


LEFT = {
    "a.x": [
        Evidence(
            rows("first", "fid", {20: 3.0, 10: 9.0, "mean of last five": 99.0})
            + rows("second", "fid", {10: 77.0})
            + rows("second", "label_agreement", {10: 0.25, 20: 0.75}),
            history=HISTORY,
        ),
        Evidence(rows("first", "fid", {10: 7.0, 20: 1.0, 30: 55.0})),
        Evidence(),
    ],
    "b.x": [Evidence(rows("other", "fid", {10: 8.0, 20: 6.0}))],
}


def lines(sheet: Figure, panel: int) -> list[list[list[float]]]:
    return [np.transpose(line.get_data()).tolist() for line in sheet.axes[panel].lines]


def drawn(left: dict[str, list[Evidence]], losses: bool = False) -> Figure:
    with style.of("x"):
        return curves._drawn(figure(losses), SCALE, left)


def test_a_line_is_the_mean_of_its_seeds_at_rounds_that_all_have() -> None:
    sheet = drawn(LEFT)
    seeds, ours, theirs = lines(sheet, 0)[:2], *lines(sheet, 0)[2:]
    assert seeds == [[[10, 9], [20, 3]], [[10, 7], [20, 1], [30, 55]]]
    assert ours == [[10, 8], [20, 2]]
    assert theirs == [[10, 8], [20, 6]]
    shown = sheet.axes[0].lines
    assert shown[2].get_linewidth() > 2 * shown[0].get_linewidth()
    assert shown[2].get_color() == shown[0].get_color() != shown[3].get_color()


def test_a_metric_comes_from_the_first_protocol_of_the_role_that_has_it() -> None:
    assert lines(drawn(LEFT), 1)[0] == [[10, 0.25], [20, 0.75]]
    assert [axes.get_title() for axes in drawn(LEFT).axes] == ["FID", "accuracy"]


def test_a_run_without_the_metric_is_left_out_and_a_panel_without_any_says_so() -> None:
    assert len(lines(drawn(LEFT), 1)) == 1
    empty = drawn({"a.x": [Evidence()]}, losses=True)
    assert len(empty.axes) == 4
    assert all(axes.texts[0].get_text() == "not run" for axes in empty.axes)
    apart = [Evidence(rows("first", "fid", {played: 1.0})) for played in (10, 20)]
    assert lines(drawn({"a.x": apart}), 0) == [[[10, 1]], [[20, 1]]]


def test_training_terms_are_a_panel_a_run() -> None:
    sheet = drawn(LEFT, losses=True)
    ours, theirs = sheet.axes[2:]
    assert ours.get_title() == "ours: training terms"
    assert [line.get_label() for line in ours.lines] == list(HISTORY.columns[1:])
    assert 50 < len(ours.lines[0].get_xdata()) <= 100
    assert theirs.texts[0].get_text() == "not run"


def test_the_same_rows_give_the_same_svg_whose_ink_is_the_pages() -> None:
    svg = curves.course_lines(figure(losses=True), SCALE, LEFT)
    assert svg == curves.course_lines(figure(losses=True), SCALE, LEFT)
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    for text in ("FID", "accuracy", "ours", "theirs", "generator.adversarial", "round"):
        assert re.search(rf">{text}<", svg), text


def test_a_node_gives_rows_and_histories_to_their_runs() -> None:
    spec = paper({"f": figure(losses=True)})
    names = tuple(run for run, seeds in LEFT.items() for _ in seeds)
    scores = [seed.scores for seeds in LEFT.values() for seed in seeds]
    picture = draw_curves(
        spec, SCALE, *scores, HISTORY, None, figure="f", names=names, losses=("a.x", "b.x")
    )
    expected = curves.course_lines_picture(figure(losses=True), SCALE, LEFT)
    assert np.array_equal(np.asarray(picture), np.asarray(expected))
    assert len(style.png(picture)) <= style.LARGEST


@pytest.mark.parametrize("change", [{"metrics": {}}, {"runs": []}, {"loss": True}])
def test_curves_that_show_nothing_or_the_unknown_are_refused(change: dict[str, Any]) -> None:
    content = {"protocol": "course", "metrics": {"fid": "FID"}, "runs": RUNS} | change
    with pytest.raises(ValueError, match="curves"):
        FigureSpec(title="", source="", curves=content)
