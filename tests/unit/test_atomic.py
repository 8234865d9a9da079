"""Files and folders appear whole or not at all."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gan_repro import atomic


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def fail_half_way(path: Path) -> None:
    with atomic.replacing(path) as part:
        part.write_text("new, but ha")
        assert path.read_text() == "old"
        raise RuntimeError("half way")


def interrupt_half_way(folder: Path) -> None:
    with atomic.replacing(folder) as part:
        part.mkdir()
        (part / "new").write_text("new")
        raise KeyboardInterrupt


def test_text_and_bytes_are_written_and_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    atomic.write_text(path, "Grüße\n")
    assert path.read_bytes() == "Grüße\n".encode()
    atomic.write_bytes(path, b"\0\1")
    assert path.read_bytes() == b"\0\1"
    assert names(path.parent) == {"a.txt"}


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "a.json", "old")
    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == "old"
    assert names(tmp_path) == {"a.json"}


def test_the_temporary_name_is_a_sibling_with_the_same_suffix(tmp_path: Path) -> None:
    with atomic.replacing(tmp_path / "sheet.png") as part:
        assert part.parent == tmp_path
        assert part.suffix == ".png"
        assert part.name.startswith(".")
        assert not part.exists()
        part.write_bytes(b"x")
    assert names(tmp_path) == {"sheet.png"}


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with atomic.replacing(tmp_path / "set") as part:
            part.mkdir()
            (part / content).write_text(content)
    assert names(tmp_path) == {"set"}
    assert names(tmp_path / "set") == {"new"}


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    with atomic.replacing(tmp_path / "set") as part:
        part.mkdir()
        (part / "old").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        interrupt_half_way(tmp_path / "set")
    assert names(tmp_path) == {"set"}
    assert names(tmp_path / "set") == {"old"}


KILLED = """
import os, signal, sys
from gan_repro import atomic
with atomic.replacing(sys.argv[1]) as part:
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    atomic.write_text(path, "old")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.read_text() == "old"
    assert len(names(tmp_path)) == 2
    atomic.write_text(path, "new")
    assert path.read_text() == "new"
    assert names(tmp_path) == {"state.json"}


def test_a_living_process_keeps_its_temporary_file(tmp_path: Path) -> None:
    living = tmp_path / f".state.{socket.gethostname()}-{os.getppid()}.part.json"
    living.write_text("at work")
    atomic.write_text(tmp_path / "state.json", "mine")
    assert names(tmp_path) == {"state.json", living.name}


def test_files_of_other_names_are_left_alone(tmp_path: Path) -> None:
    others = {"state.json.bak", ".state.part.json", ".other.part.json"}
    for name in others:
        (tmp_path / name).write_text("")
    atomic.write_text(tmp_path / "state.json", "mine")
    assert names(tmp_path) == others | {"state.json"}
