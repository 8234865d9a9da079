"""A full disk: an error that says how much room is needed, and nothing half-written.

On a real file system of one megabyte where this process may mount one; otherwise against the
system's limit on the size of a file, which fails a write in the same way.
"""

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError

import tiny_archives as tiny
from gan_repro import atomic, fetching
from gan_repro.errors import DataError
from gan_repro.images import ImageSet
from gan_repro.storage.image_sets import ImageSetDataset

MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if (
        os.geteuid() == 0
        and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    ):
        try:
            yield disk
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    else:
        yield from limited(disk)


@pytest.fixture
def limited_files(tmp_path: Path) -> Iterator[Path]:
    yield from limited(tmp_path)


def limited(folder: Path) -> Iterator[Path]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, hard))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("place", ["small_disk", "limited_files"])
def test_a_file_that_does_not_fit(place: str, request: pytest.FixtureRequest) -> None:
    disk: Path = request.getfixturevalue(place)
    atomic.write_text(disk / "a.bin", "old")
    with pytest.raises(DataError, match=r"about 3\.1 MB are needed, [\d,.]+ MB are free"):
        atomic.write_bytes(disk / "a.bin", bytes(3 * MEGABYTE))
    assert (disk / "a.bin").read_text() == "old"
    assert [p.name for p in disk.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("place", ["small_disk", "limited_files"])
def test_images_that_do_not_fit(place: str, request: pytest.FixtureRequest) -> None:
    disk: Path = request.getfixturevalue(place)
    labels = np.arange(1000) % 10
    images = ImageSet(np.zeros((1000, 3, 32, 32), dtype=np.uint8), labels, 10)
    with pytest.raises(DatasetError, match=r"about 3\.1 MB are needed"):
        ImageSetDataset(str(disk / "train")).save(images)
    assert list(disk.iterdir()) == []


def test_a_fetch_that_does_not_fit_says_how_much_room_it_needs(
    tmp_path: Path, small_disk: Path
) -> None:
    source = Path(tmp_path / "source")
    write_large_idx(source)
    conf = tiny.write_card(
        tmp_path / "conf", "mnist", source, [{"kind": "path", "path": str(source)}]
    )
    with pytest.raises(DataError, match=r"about 4\.\d MB are needed.*run the same command again"):
        fetching.fetch("mnist", small_disk / "raw", conf, lambda *_: None)
    whole = {path.name: path.read_bytes() for path in (small_disk / "raw" / "mnist").iterdir()}
    assert whole == {name: (source / name).read_bytes() for name in whole}
    assert "train-images-idx3-ubyte" not in whole
    assert {p.name for p in (small_disk / "raw").iterdir()} <= {"mnist"}


def test_a_program_that_meets_the_limit_is_a_full_disk(tmp_path: Path, limited_files: Path) -> None:
    from gan_repro import processes

    command = ["dd", "if=/dev/zero", "of=large", "bs=1M", "count=3"]
    with (
        pytest.raises(DataError, match=r"about 9\.0 MB are needed"),
        atomic.full_disk_is_an_error(tmp_path, 9_000_000),
    ):
        processes.run(command, tmp_path, lambda *_: None)


def write_large_idx(folder: Path) -> None:
    """1.5 MB of images: too many for the disk; written where there is room, in pieces."""
    tiny.write_idx(folder)
    images = tiny.idx_images(tiny.pixels(1800, 28, 28))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit[1], limit[1]))
    (folder / "train-images-idx3-ubyte").write_bytes(images)
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
