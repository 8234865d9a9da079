"""Every gate refuses a planted offender, and lets the project itself pass."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sizes import offences

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The parts of the project that gates look at."""
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / command[0]
    environment = {"PYTHONPATH": "src", "PATH": str(tool.parent), "DO_NOT_TRACK": "1"}
    return subprocess.run(
        [str(tool), *command[1:]], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def plant(file: Path, line: str) -> None:
    file.write_text(file.read_text() + "\n" + line + "\n")


def test_the_project_keeps_the_size_limits():
    assert list(offences(ROOT / "src" / "gan_repro")) == []


def test_a_long_function_and_a_long_file_are_refused(tmp_path):
    body = "\n".join(f"    x{i} = {i}" for i in range(300))
    (tmp_path / "long.py").write_text(f"def f():\n{body}\n")
    assert [offence.split(":")[0] for offence in offences(tmp_path)] == ["long.py", "long.py"]


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("losses.py", "import kedro", "Only the platform knows Kedro"),
        ("images.py", "import gan_repro.evaluation", "Upper layers know lower ones"),
        ("methods/jgan.py", "import gan_repro.methods.sngan", "knows its siblings"),
        ("new_idea.py", "", "Upper layers know lower ones"),
    ],
)
def test_a_forbidden_import_is_refused(copy, file, line, contract):
    target = copy / "src" / "gan_repro" / file
    target.touch()
    plant(target, line)
    done = run(copy, "lint-imports", "--no-cache")
    assert done.returncode != 0
    broken = [row for row in done.stdout.splitlines() if contract in row]
    assert any("BROKEN" in row for row in broken) or "exhaustive" in done.stdout, done.stdout


def test_a_misspelt_key_of_a_method_is_refused(copy):
    paper = copy / "conf" / "papers" / "jgan.yml"
    text = paper.read_text()
    assert "label_width: 128" in text
    paper.write_text(text.replace("label_width: 128", "label_widht: 128"))
    done = run(copy, "kedro", "lock", "--check")
    assert done.returncode != 0
    assert "label_widht" in done.stderr + done.stdout
    assert "label_width" in done.stderr + done.stdout


def test_a_cell_that_is_no_number_is_refused(copy):
    paper = copy / "conf" / "papers" / "jgan.yml"
    text = paper.read_text()
    assert "8.29" in text
    paper.write_text(text.replace("8.29", "8,29", 1))
    done = run(copy, "kedro", "lock", "--check")
    assert done.returncode != 0
    assert "8,29" in done.stderr + done.stdout


def test_a_changed_default_makes_the_lock_stale(copy):
    method = copy / "src" / "gan_repro" / "methods" / "acgan_resnet.py"
    text = method.read_text()
    assert "default=0.1, ge=0" in text
    method.write_text(text.replace("default=0.1, ge=0", "default=0.2, ge=0"))
    done = run(copy, "kedro", "lock", "--check")
    assert done.returncode != 0
    assert "cifar10_acgan_resnet.yml" in done.stderr + done.stdout


def test_a_skipped_test_fails_the_session(tmp_path):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_one.py").write_text(
        "import pytest\n\ndef test_a():\n    assert True\n\ndef test_b():\n    pytest.skip('no')\n"
    )
    done = run(tmp_path, "python", "-m", "pytest", "-p", "no:cacheprovider", ".")
    assert done.returncode == 1
    assert "test_b" in done.stdout


def test_a_warning_fails_a_test(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(
        "import warnings\n\ndef test_a():\n    warnings.warn('careless')\n"
    )
    done = run(tmp_path, "python", "-m", "pytest", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "careless" in done.stdout
