"""From a folder of photographs to a score at 128x128: images, labels, models, ensemble, accuracy.

All real, at tiny width: two models of two classes each, of AC-GAN's networks for ImageNet.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import tiny_archives
import tiny_runs as tiny
from gan_repro import fetching, training
from gan_repro.checking import read_yaml
from gan_repro.composing import evaluate_ensemble
from gan_repro.evaluation import calibrate, measure
from gan_repro.images import ImageSet, LabelSet
from gan_repro.labels import class_subset, clean
from gan_repro.runs import RunSpec
from gan_repro.storage.image_sets import ImageSetDataset
from gan_repro.training.batches import Batches

CONF = Path(__file__).parents[2] / "conf"
CLASSES = ("n01440764", "n01443537", "n01484850", "n02510455")
PROTOCOL: dict[str, Any] = {
    "title": "Accuracy of the classifier on 40 samples", "extractor": "classifier_halved",
    "input_size": None, "resize": "none", "metrics": {"discriminability": {"subsets": 4}},
    "samples": 40, "labels": "uniform", "sampling_seed": 0, "snapshots": "last",
    "reference_split": "test", "reference_count": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageSet]:
    """Both splits, through a card with four classes, stored and mapped back into memory."""
    root = tmp_path_factory.mktemp("imagenet")
    tiny_archives.image_folder(root / "raw/imagenet_128", CLASSES, each=16)
    card = read_yaml(CONF / "datasets/imagenet_128.yml")
    card |= {"classes": 4, "splits": {"train": {"count": 64}, "test": {"count": 16}}}
    (root / "conf/datasets").mkdir(parents=True)
    (root / "conf/datasets/imagenet_128.yml").write_text(yaml.safe_dump(card))
    found = {}
    for split in ("train", "test"):
        store = ImageSetDataset(str(root / "stored" / split))
        store.save(fetching.load("imagenet_128", split, root / "raw", root / "conf"))
        found[split] = store.load()
    return found


def train(root: Path, images: ImageSet, labels: LabelSet, run: dict[str, Any]) -> dict[str, Any]:
    with tiny.state_in(root):
        snapshots, _, _ = training.train(run, images, labels)
    return snapshots


def test_the_whole_path_at_128_pixels(sets: dict[str, ImageSet], tmp_path: Path) -> None:
    images = sets["train"]
    assert images.shape == (3, 128, 128)
    common = {"scale": "test", "dataset": "imagenet_128", "pixels": "symmetric", "batch_size": 8}
    settings = {"network": "imagenet", "generator_width": 12, "discriminator_width": 2}
    judge = tiny.run("classifier", dataset="imagenet_128", rounds=90, batch_size=16)
    classifier = train(tmp_path, images, clean.make(clean.Settings(), images), judge)
    reference = measure(sets["test"], "classifier_halved", "imagenet_128", "test", classifier)
    loaded: list[Any] = []
    for number in (0, 1):
        chosen = class_subset.Settings(groups=2, group=number)
        labels = class_subset.make(chosen, images)
        kind = {"kind": "class_subset", "settings": chosen.model_dump()}
        key = f"test.imagenet.part{number:02}.seed0"
        run = tiny.run("acgan", settings=settings, labels=kind, rounds=2, **{**common, "key": key})
        snapshots = train(tmp_path, images, labels, run)
        loaded += [RunSpec(**run).model_dump(mode="json"), snapshots, labels]
    own = RunSpec(
        key="test.imagenet.ensemble.seed0", method={}, seed=0, rounds=2, **common
    ).model_dump(mode="json")
    sampling = read_yaml(CONF / "base/protocols.yml")["_sampling"]
    protocols = {"accuracy": {**sampling, **PROTOCOL}}
    parts = {"runs": [loaded[0]["key"], loaded[3]["key"]]}
    rows, sheet = evaluate_ensemble(own, ["accuracy"], protocols, parts, *loaded, reference)
    found = {row["metric"]: row["value"] for row in rows}
    sizes = [found[f"discriminability_{size}"] for size in ("native", "half", "quarter")]
    assert all(0 <= value <= 1 for value in sizes)  # at 128, 64 and 32 pixels
    assert found["discriminability_real_native"] > 0.9, "the classifier tells shades apart"
    assert sheet.size[0] >= 128
    real, _ = calibrate({**own, "rounds": 1}, ["accuracy"], protocols, images, reference)
    assert next(r["value"] for r in real if r["metric"] == "discriminability_native") > 0.9


def test_a_model_holds_the_images_of_its_own_classes_alone(sets: dict[str, ImageSet]) -> None:
    images = sets["train"]
    labels = class_subset.make(class_subset.Settings(groups=2, group=1), images)
    run = RunSpec(**tiny.run("acgan", dataset="imagenet_128"))
    batches = Batches(run, images, labels.labels, torch.device("cpu"), only_labelled=True)
    assert len(batches.pixels) == 32
    batch = next(batches)
    np.testing.assert_array_equal(images.labels[batch.index.numpy()] - 2, batch.labels.numpy())
