"""Figures of samples: every panel in its place, empty ones say so, and the file fits in git."""

import io

import numpy as np
import pytest
from PIL import Image

from gan_repro.printed_figures import FigureSpec
from gan_repro.tables import panels

FIGURE = FigureSpec(
    title="Samples",
    source="Figure 4",
    panels=[
        [{"title": "one", "run": "a.x"}, {"title": "two", "run": "a.y"}],
        [{"title": "three", "run": "b.x"}],
    ],
)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def flat(value: int) -> bytes:
    return png(np.full((50, 50, 3), (value, 0, 200), np.uint8))


def test_panels_stand_where_the_figure_says() -> None:
    sheets = {"a.x": flat(10), "a.y": flat(60), "b.x": flat(120)}
    found = np.asarray(panels.sample_panels(FIGURE, sheets))
    middle = found.shape[1] // 2
    seen = {
        value: np.argwhere((found == (value, 0, 200)).all(axis=2)).mean(axis=0)
        for value in (10, 60, 120)
    }
    assert seen[10][1] < middle < seen[60][1]
    assert seen[10][0] == pytest.approx(seen[60][0])
    assert seen[120][1] == pytest.approx(seen[10][1])
    assert seen[120][0] > seen[10][0] + 50


def test_a_run_without_a_sheet_is_a_panel_that_says_so() -> None:
    whole = panels.sample_panels(FIGURE, {"a.x": flat(10), "a.y": flat(60), "b.x": flat(120)})
    part = panels.sample_panels(FIGURE, {"a.x": flat(10), "a.y": None})
    assert part.size == whole.size
    grey = (np.asarray(part) == panels._EMPTY).all(axis=2)
    assert grey.sum() > 2 * 0.9 * panels._SIDE**2
    assert not (np.asarray(part) == (120, 0, 200)).all(axis=2).any()


def test_a_run_can_be_shown_in_several_layouts() -> None:
    row = [{"title": name, "run": "a.x", "layout": name} for name in ("one", "two")]
    figure = FigureSpec(title="", source="", panels=[[*row, {"title": "all", "run": "a.x"}]])
    given = {"a.x.one": flat(10), "a.x.two": flat(60), "a.x": flat(120)}
    found = np.asarray(panels.sample_panels(figure, given))
    left = [
        np.argwhere((found == (value, 0, 200)).all(axis=2))[:, 1].min() for value in (10, 60, 120)
    ]
    assert left == sorted(set(left))


def test_titles_stay_in_their_panels() -> None:
    title = "a title that is longer than a small panel is wide"
    rows = [[{"title": title, "run": "a.x"}, {"title": "", "run": "a.y"}]]
    figure = FigureSpec(title="", source="", panels=rows)
    drawn = np.asarray(panels._drawn(figure, {}, 260))
    dark = np.argwhere(drawn[: panels._TITLE] < 128)[:, 1]
    assert 0 < dark.max() < 260 + panels._GAP


def test_even_six_panels_of_noise_fit_in_git() -> None:
    rows = [[{"title": f"{i}{j}", "run": f"r{i}.c{j}"} for j in range(3)] for i in range(2)]
    figure = FigureSpec(title="", source="", panels=rows)
    random = np.random.default_rng(0)
    noise = {
        f"r{i}.c{j}": png(random.integers(0, 256, (580, 580, 3), dtype=np.uint8))
        for i in range(2)
        for j in range(3)
    }
    file = io.BytesIO()
    panels.sample_panels(figure, noise).save(file, "PNG", optimize=True)
    assert len(file.getvalue()) <= panels.LARGEST


RUN = {"title": "one", "run": "a.x"}
KINDS = {
    "tables": ["t"],
    "panels": [[RUN]],
    "curves": {"protocol": "course", "metrics": {"fid": "FID"}, "runs": [RUN]},
    "embedding": {"show": ["classes"], "runs": [RUN]},
    "scatter": {"protocol": "p", "x": "a", "y": "b", "runs": [RUN]},
}


@pytest.mark.parametrize("given", [(), ("tables", "panels"), ("curves", "embedding"), tuple(KINDS)])
def test_a_figure_is_of_exactly_one_kind(given) -> None:
    content = {"tables": [], "panels": []} | {kind: KINDS[kind] for kind in given}
    said = f"exactly one of tables, panels, .* got {' and '.join(given) or 'none'}"
    with pytest.raises(ValueError, match=said):
        FigureSpec(title="", source="", **content)
    for kind in given:
        figure = FigureSpec(title="", source="", **{kind: KINDS[kind]})
        assert figure.kind == kind
        assert [shown.run for shown in figure.shown] == ([] if kind == "tables" else ["a.x"])
