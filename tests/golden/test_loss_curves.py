"""Twenty rounds of every method on real digits follow the recorded losses, one line a round.

After a deliberate change: ``GAN_REPRO_UPDATE_GOLDEN=1 pytest tests/golden``, then read the diff.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tiny_runs as tiny

FOLDER = Path(__file__).parent / "curves"
ROUNDS = 20
TOLERANCE = 1e-3
"""Relative to a term's size, or to 0.1 where a term is smaller: another CPU rounds otherwise."""


def text(history: pd.DataFrame) -> str:
    """Columns that a person can read: the round, then every term."""
    lines = history.to_string(index=False, float_format="%.6f").splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, sep=r"\s+")


def off(found: pd.DataFrame, approved: pd.DataFrame) -> list[str]:
    """The rounds and terms in which two histories differ by more than the tolerance."""
    assert list(found.columns) == list(approved.columns)
    assert list(found["round"]) == list(approved["round"]) == list(range(1, ROUNDS + 1))
    apart = (found - approved).abs() > TOLERANCE * np.maximum(approved.abs(), 0.1)
    return [f"round {r + 1}, {apart.columns[c]}" for r, c in np.argwhere(apart.to_numpy())]


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory):
    """A method's history, window by window of one round."""

    def play(kind: str) -> pd.DataFrame:
        run = tiny.run(kind, {"log_every": 1}, rounds=ROUNDS, batch_size=8)
        return tiny.trained(run, tmp_path_factory.mktemp(kind))[1]

    return play


@pytest.mark.parametrize("kind", tiny.METHODS)
def test_the_losses_are_the_recorded_ones(kind, curve):
    history, file = curve(kind), FOLDER / f"{kind}.txt"
    if os.environ.get("GAN_REPRO_UPDATE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text(history), encoding="utf-8")
    assert off(history, read(file)) == []


def test_every_recorded_curve_belongs_to_a_method():
    assert {file.stem for file in FOLDER.iterdir()} == set(tiny.METHODS)


def test_a_curve_that_bends_is_found():
    approved = read(FOLDER / "jgan.txt")
    bent = approved.copy()
    bent.loc[6, "generator.adversarial"] += 0.002
    bent.loc[3, "discriminator.real"] *= 1.0005
    assert off(bent, approved) == ["round 7, generator.adversarial"]
