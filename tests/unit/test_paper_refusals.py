"""A wrong paper or scale file is refused with every fault at once, each with its place."""

import re
from pathlib import Path

import pytest

from gan_repro.checking import read_yaml
from gan_repro.errors import ConfigurationError
from gan_repro.papers import read_paper
from gan_repro.resolution import resolve, resolve_shared
from gan_repro.scales import read_scale

ROOT = Path(__file__).parents[2]
JGAN = (ROOT / "conf/papers/jgan.yml").read_text(encoding="utf-8")
SMOKE = (ROOT / "conf/scales/smoke.yml").read_text(encoding="utf-8")


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, f"the file no longer has {old!r}"
        text = text.replace(old, new, 1)
    return text


def refusal(tmp_path: Path, read, text: str) -> list[str]:
    path = tmp_path / "wrong.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def resolved_refusal(paper_text: str, scale_text: str, tmp_path: Path) -> str:
    (tmp_path / "p.yml").write_text(paper_text, encoding="utf-8")
    (tmp_path / "s.yml").write_text(scale_text, encoding="utf-8")
    paper, scale = read_paper(tmp_path / "p.yml"), read_scale(tmp_path / "s.yml")
    with pytest.raises(ConfigurationError) as caught:
        resolve(paper, scale)
    return str(caught.value)


def test_misspelt_keys_and_unreadable_cells_all_at_once(tmp_path):
    text = changed(
        JGAN,
        ('"8.21 | 8.03 |', '"8.21 | 8,03 |'),
        ("    better: higher", "    beter: higher"),
        ("        role: ours", "        rol: ours"),
        ("least_seeds: 3", "least_seeds: many"),
    )
    faults = refusal(tmp_path, read_paper, text)
    joined = "\n".join(faults)
    assert "tables.table_1a.rows.acgan.printed: cell 2: cannot read the cell '8,03'" in joined
    assert "tables.table_1a.beter: nothing is called 'beter' here. Did you mean 'better'?" in joined
    assert "tables.table_1a.rows.joint.rol: nothing is called 'rol' here." in joined
    assert "tables.table_1a.rows.joint.role: is required, and missing." in joined
    assert re.search(r"agreement\.least_seeds: .*valid integer.*'many'", joined)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("run: cifar10_sngan.clean", "run: cifar10_sgan.clean", "Did you mean 'cifar10_sngan'?"),
        ("run: cifar10_sngan.clean", "run: cifar10_sngan.clear", "Did you mean 'clean'?"),
        ("    protocol: jgan_is", "    protocol: jgan_si", "is not scored by 'jgan_si'"),
        ("tables: [table_1a,", "tables: [table_1x,", "figures.figure_3: no table"),
        (
            '"{table}.joint.{column} > {table}.{r',
            '"{table}.join.{column} > {table}.{r',
            "'table_1a",
        ),
        ('"|table_1a.joint.noise00 -', '"|table_1a.joint.noise00 *', "is no statement|cannot read"),
        ("rival: [acgan", "rivals: [acgan", r"uses \['rival'\]"),
        ('"7.86 | 7.86 |', '"7.86 |', "5 cells for 6 columns"),
        ("paper: jgan", "paper: jgan\npaper: jgan", "'paper' is written twice"),
        ("        role: ours", "        role: ours\n        not_run: later", "exactly one of run"),
    ],
)
def test_one_fault_is_named_with_its_place(tmp_path, old, new, expected):
    faults = "\n".join(refusal_lines(tmp_path, changed(JGAN, (old, new))))
    assert re.search(expected, faults), faults


def refusal_lines(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "wrong.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_paper(path)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (
            "curves: {protocol: curse, metrics: {fid: FID}, "
            "runs: [{title: '', run: cifar10_sngan.clean}]}",
            "figures.mine: cifar10_sngan is not scored by 'curse'. Did you mean 'course'?",
        ),
        (
            "curves: {protocol: course, metrics: {fid: FID}, "
            "runs: [{title: '', run: cifar10_sngan.clean, protocol: pairs}]}",
            "figures.mine: cifar10_sngan is not scored by 'pairs'.",
        ),
        (
            "curves: {protocol: real_fid, metrics: {fid: FID}, "
            "runs: [{title: '', run: cifar10_real.clean}]}",
            "figures.mine: cifar10_real trains nothing, so it has no curve.",
        ),
        (
            "curves: {protocol: course, metrics: {fid: FID}, "
            "runs: [{title: '', run: cifar10_sgan.clean}]}",
            "figures.mine: no run is called 'cifar10_sgan.clean'. Did you mean 'cifar10_sngan",
        ),
        (
            "embedding: {show: [hits], runs: [{title: '', run: cifar10_jgan.noise40}]}",
            "figures.mine: cifar10_jgan.noise40 has labels of kind 'offset_noise', expected codes",
        ),
        (
            "embedding: {show: [hit], runs: [{title: '', run: cifar10_jgan.noise40}]}",
            "figures.mine.embedding.show.0: Input should be 'classes', 'samples' or 'hits'",
        ),
        (
            "embedding: {shows: [hits], show: [hits], runs: [{title: '', run: a.b}]}",
            "figures.mine.embedding.shows: nothing is called 'shows' here. Did you mean 'show'?",
        ),
        (
            "panels: [[{title: '', run: cifar10_sngan.clean, layout: by_label}]]",
            "figures.mine: no layout is called 'by_label'.",
        ),
        (
            "x_label: x",
            "figures.mine: needs exactly one of tables, panels, curves, embedding and scatter",
        ),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused(tmp_path, figure, expected):
    mine = f"figures:\n  mine:\n    title: t\n    source: s\n    {figure}\n"
    faults = refusal_lines(tmp_path, changed(JGAN, ("figures:\n", mine)))
    assert any(expected in fault for fault in faults), faults


def test_a_figure_of_codes_is_not_refused(tmp_path):
    """Its labels are codes; a kind that does not exist is refused where runs are resolved."""
    condition = "clean: {kind: features, settings: {extractor: rotnet, code_size: 3}}"
    shown = "embedding: {show: [hits], runs: [{title: '', run: cifar10_sngan.clean}]}"
    mine = f"figures:\n  mine: {{title: t, source: s, {shown}}}\n"
    for kind in ("features", "featurs"):
        own = condition.replace("features", kind)
        text = changed(JGAN, ("clean: {kind: clean}", own), ("figures:\n", mine))
        (tmp_path / "mine.yml").write_text(text, encoding="utf-8")
        assert read_paper(tmp_path / "mine.yml").figures["mine"].embedding


def test_a_missing_file_says_what_is_there(tmp_path):
    (tmp_path / "jgan.yml").write_text(JGAN)
    with pytest.raises(ConfigurationError, match=r"no such file. Files beside it: jgan.yml"):
        read_paper(tmp_path / "jgna.yml")


def test_an_unknown_switch_of_a_scale_is_refused(tmp_path):
    text = changed(SMOKE, ("checkpoint_every", "checkpoint_evry"), ("comparable", "comparible"))
    faults = "\n".join(refusal(tmp_path, read_scale, text))
    assert "engine.checkpoint_evry: nothing is called" in faults
    assert "Did you mean 'checkpoint_every'?" in faults
    assert "Did you mean 'comparable'?" in faults


def test_honesty_must_name_the_scale(tmp_path):
    faults = refusal(tmp_path, read_scale, changed(SMOKE, ("Smoke scale: networks", "Networks")))
    assert faults == ["honesty: must start with 'smoke scale', as reports do."]


def test_resolving_names_every_unknown_kind_setting_data_set_and_role(tmp_path):
    paper = changed(
        JGAN,
        ("method: {kind: sngan}", "method: {kind: sngna}"),
        ("label_width: 128}} # Table 5", "label_widht: 128}} # Table 5"),
        (
            "noise10: {kind: offset_noise, settings: {rate: 0.1",
            "noise10: {kind: offset_noise, settings: {rate: 7",
        ),
    )
    wrong_pairs = ("cifar100: digit_pairs", "cifar100: digit_pair")
    scale = changed(SMOKE, wrong_pairs, ("  course:", "  corse:"))
    message = resolved_refusal(paper, scale, tmp_path)
    for expected in (
        "families.cifar10_sngan.method.kind: methods: no methods kind is called 'sngna'. Did you",
        "families.cifar10_jgan.method.label_widht: nothing is called 'label_widht' here. Did you",
        "families.cifar10_jgan.conditions.noise10.settings.rate:",
        "families.cifar100_jgan.dataset: no data set is called 'digit_pair'. Did you mean",
        "families.cifar10_jgan.evaluate: the scale has no protocol for the role 'course'. Did you",
    ):
        assert expected in message
    lines = message.splitlines()
    assert len(lines) == len(set(lines))
    assert all(line.startswith("conf/papers/jgan.yml at smoke scale: ") for line in lines)


def test_shares_of_a_run_that_fall_are_refused(tmp_path):
    text = changed(JGAN, ("[0.2, 0.4,", "[0.4, 0.2,"))
    assert "shares must rise" in resolved_refusal(text, SMOKE, tmp_path)


def test_a_scale_overrides_only_what_it_names():
    paper = read_paper(ROOT / "conf/papers/jgan.yml")
    scale = read_scale(ROOT / "conf/scales/smoke.yml")
    runs = resolve(paper, scale)
    run = runs["cifar100_jgan"]["noise40"]["seed0"]["train"]
    assert run["method"]["label_width"] == 256
    assert run["method"]["generator_width"] == 16
    assert (run["rounds"], run["batch_size"], run["dataset"]) == (50, 32, "digit_pairs")
    assert run["labels"] == {"kind": "offset_noise", "settings": {"rate": 0.4, "seed": 0}}
    full = resolve(paper, read_scale(ROOT / "conf/scales/paper.yml"))
    run = full["cifar100_jgan"]["noise40"]["seed2"]["train"]
    assert (run["rounds"], run["batch_size"], run["method"]["generator_width"]) == (100000, 64, 256)
    assert run["method"]["label_hidden_layers"] == 2


def test_an_instrument_on_a_data_set_that_does_not_exist_is_refused():
    scale = read_scale(ROOT / "conf/scales/smoke.yml")
    classifier = scale.instruments["classifier"].model_copy(update={"datasets": {"digitz": {}}})
    wrong = scale.model_copy(update={"instruments": {"classifier": classifier}})
    with pytest.raises(ConfigurationError, match="Did you mean 'digits'"):
        resolve_shared(wrong)


def test_an_instrument_says_what_is_different_on_a_data_set():
    scale = read_scale(ROOT / "conf/scales/paper.yml")
    run = resolve_shared(scale)["autoencoder_stl10"]["none"]["seed0"]["train"]
    assert (run["dataset"], run["split"], run["labels"]["kind"]) == ("stl10", "unlabeled", "none")
    other = resolve_shared(scale)["autoencoder_cifar10"]["clean"]["seed0"]["train"]
    assert (other["split"], other["rounds"]) == ("train", run["rounds"])


def test_a_list_of_merges_is_refused(tmp_path):
    """Which of two mappings gives way depends on PyYAML's version."""
    text = "a: &a {x: 1}\nb: &b {x: 2}\nc: {<<: [*a, *b]}\n"
    (tmp_path / "m.yml").write_text(text)
    with pytest.raises(ConfigurationError, match="a list after << gives way"):
        read_yaml(tmp_path / "m.yml")
    (tmp_path / "m.yml").write_text(text.replace("[*a, *b]", "*a"))
    assert read_yaml(tmp_path / "m.yml")["c"] == {"x": 1}
