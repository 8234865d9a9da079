"""`dvc repro` rebuilds from raw bytes, then only what a change touches; tests run in order."""

import re
from pathlib import Path

from tiny_project import Project

FAMILIES = {
    "jgan-cifar10_jgan", "jgan-cifar10_sngan", "jgan-cifar100_projection_cbn", "jgan-cifar10_real",
    "jgan-cifar10_jgan_weak",
}  # fmt: skip
INPUTS = {
    f"{step}-{name}"
    for name in ("digits", "digit_pairs")
    for step in ("data", "labels", "reference")
} | {
    "shared-classifier_digits", "shared-classifier_digit_pairs", "shared-autoencoder_digits",
    "weak_labels-digits",
}  # fmt: skip
TABLES = {"jgan-table_1a", "jgan-table_1b", "jgan-table_2", "jgan-figures"}
TABLE_1A = "data/08_reporting/smoke/tables/jgan/table_1a.json"


def reproduced(project: Project, *arguments: str) -> set[str]:
    """The stages that `dvc repro` really ran."""
    said = project.run("dvc", "repro", *arguments)
    return set(re.findall(r"Running stage '(?:[^':]*:)?([^']+)'", said))


def add_a_comment(project: Project, path: str) -> None:
    with (project.root / path).open("a", encoding="utf-8") as file:
        file.write("# a comment\n")


def change_a_printed_number(project: Project, table: str, row: str) -> None:
    paper = project.read("conf/papers/jgan.yml")
    paper["tables"][table]["rows"][row]["printed"] = "9.99 | 9.98"
    project.write("conf/papers/jgan.yml", paper)


def test_the_first_repro_runs_everything_and_the_second_nothing(shared_project: Project) -> None:
    assert reproduced(shared_project) == INPUTS | FAMILIES | TABLES | {"report"}
    assert reproduced(shared_project) == set()
    cells = shared_project.read(TABLE_1A)["cells"]
    assert len(cells) == 4
    assert all(cell["mean"] is not None and not cell["missing"] for cell in cells)
    shared_project.commit("results")


def test_a_hyper_parameter_reruns_its_family_and_what_follows(shared_project: Project) -> None:
    paper = shared_project.read("conf/papers/jgan.yml")
    paper["families"]["cifar10_jgan"]["method"]["beta1"] = 0.4
    shared_project.write("conf/papers/jgan.yml", paper)
    shared_project.run("kedro", "lock", "--check", fails=True)
    shared_project.run("kedro", "lock")
    follows = {"jgan-table_1a", "jgan-figures", "report"}
    assert reproduced(shared_project) == {"jgan-cifar10_jgan"} | follows


def test_a_methods_file_reruns_that_method_only(shared_project: Project) -> None:
    add_a_comment(shared_project, "src/gan_repro/methods/projection_cbn.py")
    # the outputs are the same to the last byte, so nothing after them runs
    assert reproduced(shared_project) == {"jgan-cifar100_projection_cbn"}


def test_a_table_reruns_itself_and_the_report(shared_project: Project) -> None:
    change_a_printed_number(shared_project, "table_1b", "conditional_norm")
    assert reproduced(shared_project) == {"jgan-table_1b", "jgan-figures", "report"}
    shared_project.commit("another number in table 1b")


def test_a_fresh_clone_rebuilds_a_table_without_training(
    shared_project: Project, tmp_path: Path
) -> None:
    shared_project.run("dvc", "remote", "add", "--default", "here", str(tmp_path / "remote"))
    shared_project.commit("a remote")
    shared_project.run("dvc", "push")
    shared_project.run("git", "clone", "--quiet", str(shared_project.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    assert not (clone.root / TABLE_1A).exists()
    clone.run("dvc", "pull", "--allow-missing")  # data sets were never fetched here
    assert (clone.root / TABLE_1A).read_bytes() == (shared_project.root / TABLE_1A).read_bytes()
    change_a_printed_number(clone, "table_1a", "joint")
    assert reproduced(clone, "jgan-table_1a") == {"jgan-table_1a"}
    printed = [cell["printed"] for cell in clone.read(TABLE_1A)["cells"]]
    assert "9.99" in printed


def test_a_changed_import_makes_dvc_yaml_stale(shared_project: Project) -> None:
    shared_project.run("kedro", "export-dvc", "--check")
    path = shared_project.root / "src/gan_repro/methods/sngan.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nimport gan_repro.terminal  # noqa\n")
    said = shared_project.run("kedro", "export-dvc", "--check", fails=True)
    assert "jgan-cifar10_sngan" in said
    assert "jgan-cifar10_jgan" not in said
    assert "kedro export-dvc" in said
