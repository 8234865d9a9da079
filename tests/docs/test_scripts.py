"""Shell scripts of the documentation: what can be said of them without their machines."""

import subprocess
import sys
from pathlib import Path

import pytest

from tiny_project import ROOT

SCRIPTS = sorted((ROOT / "docs").rglob("*.sh"))
SHELLCHECK = Path(sys.executable).parent / "shellcheck"


def faults(script: Path) -> str:
    """What Bash and ShellCheck have against a script."""
    said = [
        subprocess.run([*command, script], capture_output=True, text=True, check=False)
        for command in (("bash", "-n"), (SHELLCHECK, "--severity=style"))
    ]
    return "".join(done.stdout + done.stderr for done in said)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_has_no_faults(script: Path) -> None:
    assert faults(script) == ""


def test_the_script_for_slurm_is_there() -> None:
    assert "slurm.sh" in {script.name for script in SCRIPTS}


@pytest.mark.parametrize("text", ["if true; then\n", "#!/bin/bash\nrm -rf $HOME/$1\n"])
def test_a_faulty_script_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "faulty.sh").write_text(text)
    assert faults(tmp_path / "faulty.sh")
