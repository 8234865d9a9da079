"""The page of a scale's runs says what was scored, by which command, and where its samples lie."""

from pathlib import Path

from gan_repro.scales import read_scale
from gan_repro.tables import evidence
from gan_repro.tables.evidence import Evidence

CPU = Path(__file__).parents[2] / "conf" / "scales" / "cpu.yml"


def row(snapshot: int | str, value: float, metric: str = "inception_score") -> dict[str, object]:
    return {"protocol": "p", "metric": metric, "snapshot": snapshot, "value": value, "n": 10}


def test_final_keeps_the_row_that_ends_each_protocol_and_metric():
    rows = [row(5, 1.0), row(5, 9.0, "fid"), row(10, 2.0), row("mean of last five", 1.5)]
    assert [r["value"] for r in evidence.final(rows)] == [1.5, 9.0]


def test_a_scored_run_is_listed_with_its_command_and_sheet_and_the_others_are_counted():
    left = {
        "jgan.cifar10_jgan.noise00.seed0": Evidence([row(10, 2.345)], provenance={"seconds": 7.5}),
        "jgan.cifar10_jgan.noise10.seed0": Evidence(),
    }
    page = evidence.to_markdown(read_scale(CPU), left, "../sheets/{run}.png")
    assert page.splitlines()[2].startswith("**CPU scale")
    assert "1 of 2 planned runs" in page
    assert "| inception_score | 2.345 | p | 10 | 10 |" in page
    assert "seconds 7.5" in page
    assert "jgan.cifar10_jgan.train_noise00_seed0,jgan.cifar10_jgan.evaluate_noise00_seed0" in page
    assert "(../sheets/jgan/cifar10_jgan/noise00/seed0.png)" in page
    assert "noise10" not in page
