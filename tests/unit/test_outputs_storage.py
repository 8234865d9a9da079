"""What runs leave behind: same data same bytes, whole or not at all, empty where it is missing."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.io import DatasetError
from PIL import Image

from gan_repro.storage.outputs import (
    HistoryDataset,
    JsonDataset,
    MarkdownDataset,
    ScoresDataset,
    SheetDataset,
    SnapshotsDataset,
)
from gan_repro.storage.specs import FolderDataset, LockedDataset


def test_snapshots_come_back_equal_and_give_the_same_bytes(tmp_path: Path) -> None:
    tensors = {
        "00000002/generator/weight": torch.arange(6.0).reshape(2, 3).t(),  # not contiguous
        "00000002/generator/count": torch.tensor(3),
        "00000002/generator/half": torch.ones(2, dtype=torch.bfloat16, requires_grad=True),
    }
    files = []
    for name in ("a", "b"):
        dataset = SnapshotsDataset(str(tmp_path / name / "snapshots.safetensors"))
        assert not dataset.exists()
        dataset.save(tensors)
        assert dataset.exists()
        files.append(dataset.filepath.read_bytes())
        loaded = dataset.load()
        assert loaded.keys() == tensors.keys()
        assert all(torch.equal(loaded[key], value.detach()) for key, value in tensors.items())
    assert files[0] == files[1]


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\0\0\0\0\0\0\0{}      "[:12]])
def test_damaged_snapshots_are_an_error_that_says_what_to_do(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "snapshots.safetensors"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"damaged one .* train again"):
        SnapshotsDataset(str(path)).load()


def test_missing_snapshots_are_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Train the run first"):
        SnapshotsDataset(str(tmp_path / "none")).load()


def test_what_a_report_gathers_is_empty_where_it_is_missing(tmp_path: Path) -> None:
    path = str(tmp_path / "missing")
    assert list(ScoresDataset(path).load()) == []
    assert JsonDataset(path).load() is None
    assert HistoryDataset(path).load() is None
    assert SheetDataset(path).load() is None


def test_scores_keep_every_digit_and_refuse_what_is_not_a_number(tmp_path: Path) -> None:
    dataset = ScoresDataset(str(tmp_path / "scores.json"))
    dataset.save([{"value": 0.1 + 0.2}])
    assert dataset.load() == [{"value": 0.1 + 0.2}]
    assert json.loads(dataset.preview()) == [{"value": 0.1 + 0.2}]
    with pytest.raises(DatasetError):
        dataset.save([{"value": math.nan}])
    assert dataset.load() == [{"value": 0.1 + 0.2}]


def test_a_history_comes_back_equal(tmp_path: Path) -> None:
    frame = pd.DataFrame({"round": [1, 2], "generator.hinge": [0.1 + 0.2, 1e-17]})
    dataset = HistoryDataset(str(tmp_path / "history.csv"))
    dataset.save(frame)
    loaded = dataset.load()
    assert loaded is not None
    pd.testing.assert_frame_equal(loaded, frame, check_exact=True)
    assert dataset.preview(nrows=1)["data"] == [[2, 1e-17]]


def test_a_sheet_too_large_for_git_is_refused(tmp_path: Path) -> None:
    dataset = SheetDataset(str(tmp_path / "samples.png"))
    dataset.save(Image.new("L", (50, 50)))
    before = dataset.load()
    assert before is not None
    assert before.startswith(b"\x89PNG")
    noise = np.random.default_rng(0).integers(0, 256, (500, 500), dtype=np.uint8)
    with pytest.raises(DatasetError, match="at most 200000 fit in git"):
        dataset.save(Image.fromarray(noise))
    assert dataset.load() == before


def test_markdown_is_shown_escaped(tmp_path: Path) -> None:
    dataset = MarkdownDataset(str(tmp_path / "table.md"))
    dataset.save("| a < b |\n")
    assert dataset.preview() == "<pre>| a &lt; b |\n</pre>"


def test_a_locked_entry_is_found_by_its_path_or_named(tmp_path: Path) -> None:
    path = tmp_path / "family.yml"
    path.write_text("noise40: {seed0: {train: {rounds: 3}}}\n")
    assert LockedDataset(str(path), "noise40.seed0.train").load() == {"rounds": 3}
    with pytest.raises(DatasetError, match="Did you mean 'noise40'"):
        LockedDataset(str(path), "noise4.seed0.train").load()
    with pytest.raises(DatasetError, match="never written"):
        LockedDataset(str(path), "noise40").save({})


def test_a_folder_is_handed_over_unread(tmp_path: Path) -> None:
    dataset = FolderDataset(str(tmp_path / "none"))
    assert dataset.load() == tmp_path / "none"
    assert not dataset.exists()
