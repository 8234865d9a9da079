"""What a run costs before anyone spends it: every locked run of every scale can be priced."""

import pytest

from gan_repro import locks, planning
from tiny_project import ROOT


@pytest.mark.parametrize("scale", locks.scales(ROOT / "conf"))
def test_every_kind_of_trained_run_has_a_size_on_disk(scale: str) -> None:
    first = {
        (run.train["method"]["kind"], run.train["labels"]["kind"]): run
        for run in locks.read_runs(ROOT / "conf", scale)
        if run.trained and run.train["method"].get("generator_width", 1) <= 32
    }
    sizes = {kinds: planning.snapshot_bytes(run, ROOT / "conf") for kinds, run in first.items()}
    assert all(size > 0 for size in sizes.values())
    if scale == "cpu":  # the label branch has an output an entry of the label
        assert sizes["jgan", "svd_probabilities"] > sizes["jgan", "clusters"]
