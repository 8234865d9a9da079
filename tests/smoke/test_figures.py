"""Figures over training and maps of codes through the real commands, from raw bytes to PNG."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

import tiny_codes
from tiny_project import Project

PAPER = {
    "paper": "maps",
    "title": "A paper with three figures",
    "citation": "none",
    "protocols": {"course": "every snapshot"},
    "families": {
        "coded": {
            "dataset": "digits",
            "method": {"kind": "latent_conditioning"},
            "rounds": 4,
            "batch_size": 16,
            "snapshots": [0.5, 1.0],
            "conditions": {"alexnet": tiny_codes.LABELS},
            "evaluate": ["course"],
        }
    },
    "tables": {},
    "layouts": {
        "one_code": {"rows": 3, "columns": 4, "along_rows": ["codes"]},
        "nearest": {"rows": 3, "columns": 4, "along_rows": ["codes"], "nearest": True},
    },
    "figures": {
        "laid_out": {
            "title": "Samples of one code in a row, and training images",
            "source": "Figure 3",
            "panels": [
                [
                    {"title": "samples", "run": "coded.alexnet", "layout": "one_code"},
                    {"title": "nearest", "run": "coded.alexnet", "layout": "nearest"},
                ]
            ],
        },
        "course": {
            "title": "FID and accuracy over training",
            "source": "Figure 1",
            "curves": {
                "protocol": "course",
                "metrics": {"fid": "FID", "label_agreement": "accuracy"},
                "losses": True,
                "runs": [{"title": "ours", "run": "coded.alexnet"}],
            },
        },
        "codes": {
            "title": "Codes",
            "source": "Figure 2",
            "embedding": {
                "show": ["classes", "samples", "hits"],
                "runs": [{"title": "ours", "run": "coded.alexnet"}],
            },
        },
    },
    "agreement": {"tolerance": {}, "reason": "nothing is printed"},
}
MAP = "data/08_reporting/smoke/maps/coded/alexnet/{seed}/embedding.json"


def pixels(project: Project, name: str) -> np.ndarray:
    file = project.root / "build/results/smoke/maps" / f"{name}.png"
    return np.asarray(Image.open(io.BytesIO(file.read_bytes())).convert("RGB"))


def picture(page: str, alt: str) -> str:
    """The data of the picture with this text, as the report has it."""
    return page.split(f'" alt="{alt}"', maxsplit=1)[0].rsplit('src="', 1)[1]


def add_the_paper(project: Project) -> None:
    project.write("conf/papers/maps.yml", PAPER)
    scale = project.read("conf/scales/smoke.yml")
    scale["seeds"] = [0, 1]
    scale["datasets"]["maps"] = {"digits": "digits"}
    scale["rounds_fraction"]["maps"] = 1.0
    scale["protocols"] |= {"course": "classifier_condition_course_smoke"}
    scale["methods"]["latent_conditioning"] = {"generator_width": 4, "discriminator_width": 4}
    for other in (project.root / "conf/papers").glob("*.yml"):
        if other.stem != "maps":
            other.unlink()
    project.write("conf/scales/smoke.yml", scale)
    project.run("kedro", "lock", "--env", "smoke")


def test_figures_are_drawn_from_what_is_there(project: Project) -> None:
    add_the_paper(project)
    project.run("kedro", "run", "--pipelines", "report")
    empty = {name: pixels(project, name) for name in ("course", "codes", "laid_out")}
    page = Path(project.root / "build/report/smoke.html").read_text(encoding="utf-8")
    assert page.count(">not run<") == 3, "two scores, and the terms of one run"

    project.run("kedro", "run", "--pipelines", "maps")
    found = json.loads((project.root / MAP.format(seed="seed0")).read_text())
    assert len(found["x"]) == len(found["answers"]) == 355
    assert not (project.root / MAP.format(seed="seed1")).exists()
    sheets = (project.root / MAP.format(seed="seed0")).parent
    assert {file.name for file in sheets.glob("layout_*")} == {
        "layout_one_code.png",
        "layout_nearest.png",
    }
    for name, before in empty.items():
        after = pixels(project, name)
        assert after.shape[1] == before.shape[1]
        assert not np.array_equal(after, before)

    blank = picture(page, "Figure 3: samples of coded.alexnet ")
    project.run("kedro", "run", "--pipelines", "report")
    page = Path(project.root / "build/report/smoke.html").read_text(encoding="utf-8")
    assert ">not run<" not in page
    assert picture(page, "Figure 3: samples of coded.alexnet ") != blank
    assert 'alt="Figure 2: codes of coded.alexnet "' in page
