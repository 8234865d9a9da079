"""Codes in the plane: colours say class, answer, and whether they agree; the file fits in git."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from gan_repro.pipelines.report import draw_maps
from gan_repro.printed_figures import FigureSpec
from gan_repro.tables import maps, style
from tiny_papers import paper

FIGURE = FigureSpec(
    title="Codes",
    source="Figure 6",
    embedding={
        "show": ["classes", "samples", "hits"],
        "runs": [{"title": "one", "run": "a.x"}, {"title": "two", "run": "a.y"}],
    },
)


def points(count: int = 50, size: int = 10, seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    classes = random.integers(0, size, count)
    answers = np.where(random.random(count) < 0.7, classes, (classes + 1) % size)
    x, y = random.normal(0, 30, (2, count)).round(3).tolist()
    return {
        "size": size, "x": x, "y": y, "classes": classes.tolist(), "answers": answers.tolist()
    }  # fmt: skip


def drawn(embeddings: dict[str, Any]) -> Figure:
    with style.of("x"):
        return maps._drawn(FIGURE, embeddings)


def colours(sheet: Figure, panel: int, found: dict[str, Any]) -> list[str]:
    """Of the points, in their own order."""
    shown = sheet.axes[panel].collections[0]
    at = {
        tuple(place): colour
        for place, colour in zip(shown.get_offsets(), shown.get_facecolor(), strict=True)
    }
    return [to_hex(at[place]) for place in zip(found["x"], found["y"], strict=True)]


@pytest.mark.parametrize("size", [2, 5, 10, 20, 33])
def test_points_are_coloured_by_what_the_panel_shows(size: int) -> None:
    found = points(200, size)
    sheet = drawn({"a.x": found, "a.y": None})
    for panel, what in enumerate(("classes", "answers")):
        by_class = dict(zip(found[what], colours(sheet, panel, found), strict=True))
        assert [by_class[c] for c in found[what]] == colours(sheet, panel, found)
        assert len(set(by_class.values())) == len(by_class)
    hits = np.equal(found["classes"], found["answers"])
    expected = np.where(hits, maps._HITS["agree"], maps._HITS["differ"])
    assert colours(sheet, 2, found) == expected.tolist()
    assert f"{hits.mean():.1%}" in sheet.axes[2].get_title()
    named = [text.get_text() for text in sheet.legends[0].get_texts()]
    assert named == [*map(str, range(size if size <= 20 else 0)), "agree", "differ"]


def test_a_run_without_a_map_is_a_row_that_says_so() -> None:
    sheet = drawn({"a.x": points()})
    assert [len(axes.collections) for axes in sheet.axes] == [1, 1, 1, 0, 0, 0]
    assert [axes.texts[0].get_text() for axes in sheet.axes[3:]] == ["not run"] * 3
    assert sheet.axes[0].get_ylabel() == "one"
    assert drawn({}).axes[0].texts[0].get_text() == "not run"


def test_maps_of_many_images_fit_in_git() -> None:
    found = {"a.x": points(2000), "a.y": points(2000, seed=1)}
    picture = maps.code_maps(FIGURE, found)
    assert len(style.png(picture)) <= style.LARGEST
    assert picture.size[0] > 900
    again = draw_maps(
        paper({"f": FIGURE}), *found.values(), figure="f",
        names=tuple(found),
    )  # fmt: skip
    assert picture.tobytes() == again.tobytes()


@pytest.mark.parametrize("change", [{"show": []}, {"show": ["hit"]}, {"runs": []}])
def test_maps_that_show_nothing_or_the_unknown_are_refused(change: dict[str, Any]) -> None:
    content = FIGURE.embedding.model_dump() | change
    with pytest.raises(ValueError, match=r"embedding\.(show|runs)"):
        FigureSpec(title="", source="", embedding=content)
