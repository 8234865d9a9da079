"""What every kind of weak label promises, on real digits seen by real networks."""

import hashlib
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import tiny_runs as tiny
from gan_repro import kinds
from gan_repro.datasets import digits as digits_file
from gan_repro.errors import DataError
from gan_repro.evaluation import measure
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.labels import (
    autoencoder_codes,
    clusters,
    missing,
    none,
    pseudo_labels,
    svd_probabilities,
)
from gan_repro.measuring import Reference
from gan_repro.runs import LabelChoice
from tiny_views import image_set, view

SMALL = "efficientnet_lite0_64"
CLUSTERS = {"extractor": SMALL, "clusters": 7, "seed": 3}
SETTINGS: dict[str, dict[str, Any]] = {
    "autoencoder_codes": {"code_size": 16},
    "beside_clean": {"generated": {"kind": "clusters", "settings": CLUSTERS}},
    "clusters": CLUSTERS,
    "features": {"extractor": SMALL, "code_size": 1280},
    "none": {},
    "pseudo_labels": {},
    "svd_probabilities": {"extractor": SMALL, "components": 8},
}
EVERY = pytest.mark.parametrize("kind", SETTINGS)


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    """150 real digits, 8 x 8."""
    return digits_file.read(Path(), "train").first(150)


@pytest.fixture(scope="module")
def views(digits: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reference]:
    """The digits as real extractors see them, two of which are trained on them for some rounds."""
    few = missing.make(missing.Settings(rate=0.7), digits).labels
    runs = {
        "autoencoder": tiny.run("autoencoder", None, {"code_size": 16}, rounds=100, batch_size=32),
        "few_label_classifier": tiny.run(
            "classifier", None, {"width": 8}, rounds=60, batch_size=32
        ),
    }
    found = {SMALL: measure(digits, SMALL, "digits", "train")}
    for name, run in runs.items():
        snapshots, _, _ = tiny.trained(run, tmp_path_factory.mktemp(name), few, digits)
        found[name] = measure(digits, name, "digits", "train", snapshots)
    return found


def made(kind: str, images: ImageSet, views: dict[str, Reference], **changes: Any) -> LabelSet:
    """Labels of a kind as the pipelines make them."""
    module = kinds.find("labels", kind)
    settings = module.Settings(**{**SETTINGS[kind], **changes})
    choice = LabelChoice(kind=kind, settings=settings.model_dump(mode="json"))
    seen = {"seen": views[choice.extractor]} if choice.extractor else {}
    return module.make(settings, images, **seen)


# Every kind


def test_every_kind_that_is_no_noise_is_tested_here() -> None:
    weak = {
        name
        for name in kinds.names("labels")
        if "rate" not in kinds.find("labels", name).Settings.model_fields
    }
    assert weak - {"clean", "class_subset"} == set(SETTINGS)  # the latter: test_class_subset.py


@EVERY
def test_labels_are_hard_or_rows_of_the_promised_size(kind, digits, views) -> None:
    settings = kinds.find("labels", kind).Settings(**SETTINGS[kind]).model_dump(mode="json")
    size = LabelChoice(kind=kind, settings=settings).size(digits.classes)
    found = made(kind, digits, views)
    assert found.manifest["size"] == size
    if found.labels.ndim == 1:
        assert (found.labels.dtype, found.labels.shape) == (np.int64, (150,))
        assert MISSING <= found.labels.min() <= found.labels.max() < size
    else:
        assert (found.labels.dtype, found.labels.shape) == (np.float32, (150, size))
        assert np.isfinite(found.labels).all()


@EVERY
def test_the_manifest_says_how_labels_were_made(kind, digits, views) -> None:
    found = made(kind, digits, views)
    settings = kinds.find("labels", kind).Settings(**SETTINGS[kind])
    choice = LabelChoice(kind=kind, settings=settings.model_dump(mode="json"))
    manifest = found.manifest
    assert manifest["kind"] == kind
    assert manifest["settings"] == choice.settings
    assert manifest["seed"] == choice.settings.get("seed")
    assert manifest["items"] == 150
    assert manifest["extractor"] == choice.extractor
    sha256 = views[choice.extractor].extractor_sha256 if choice.extractor else None
    assert manifest["extractor_sha256"] == sha256
    assert manifest["given_sha256"] == hashlib.sha256(found.labels.tobytes()).hexdigest()
    assert manifest["clean_sha256"] == hashlib.sha256(digits.labels.tobytes()).hexdigest()
    assert json.loads(json.dumps(manifest, allow_nan=False)) == manifest


@EVERY
def test_two_calls_give_the_same_bytes_whatever_global_generators_do(kind, digits, views) -> None:
    np.random.seed(1)
    one = made(kind, digits, views)
    np.random.seed(2)
    after = np.random.random()
    np.random.seed(2)
    again = made(kind, digits, views)
    assert np.random.random() == after
    assert one.labels.tobytes() == again.labels.tobytes()
    assert one.manifest == again.manifest


@pytest.mark.parametrize("kind", ["clusters", "none", "pseudo_labels", "svd_probabilities"])
def test_images_may_come_without_labels(kind, digits, views) -> None:
    unlabelled = ImageSet(digits.images, np.full(150, MISSING), 10)
    blind = {name: view(unlabelled, name, v.features.pooled, v.features.logits)
             for name, v in views.items()}  # fmt: skip
    found = made(kind, unlabelled, blind)
    np.testing.assert_array_equal(found.labels, made(kind, digits, views).labels)
    assert found.manifest["clean_sha256"] is None


@pytest.mark.parametrize("kind", [k for k in SETTINGS if k not in {"none", "beside_clean"}])
def test_a_view_of_other_images_or_by_another_extractor_is_refused(kind, digits, views) -> None:
    module = kinds.find("labels", kind)
    settings = module.Settings(**SETTINGS[kind])
    seen = views[settings.extractor]
    for images in (digits.first(100), ImageSet(digits.images, digits.labels[::-1], 10)):
        with pytest.raises(DataError, match=f"^labels.{kind}: .*saw 150 images whose labels"):
            module.make(settings, images, seen)
    other = view(digits, "inception2015", seen.features.pooled, seen.features.logits)
    asked = f"labels.{kind}: needs the view of '{settings.extractor}', got one of 'inception2015'"
    with pytest.raises(DataError, match=re.escape(asked)):
        module.make(settings, digits, other)


@pytest.mark.parametrize("module", [svd_probabilities, clusters, autoencoder_codes, pseudo_labels])
def test_an_unknown_extractor_is_refused_with_the_nearest(module: ModuleType) -> None:
    with pytest.raises(ValidationError, match="Did you mean 'inception2015'"):
        module.Settings(extractor="inception2014")


@pytest.mark.parametrize(
    ("module", "bad"),
    [
        (svd_probabilities, {"components": 1}),
        (svd_probabilities, {"temperature": 0.0}),
        (svd_probabilities, {"output": "pool4"}),
        (svd_probabilities, {"seed": 2**32}),
        (clusters, {"clusters": 1}),
        (clusters, {"seed": -1}),
        (autoencoder_codes, {"code_size": 1}),
        (autoencoder_codes, {"squash": "tanh"}),
        (pseudo_labels, {"soft": "perhaps"}),
        (none, {"rate": 0.5}),
    ],
)
def test_settings_that_cannot_be_are_refused(module: ModuleType, bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        module.Settings(**bad)


# No labels


def test_none_gives_no_image_a_label() -> None:
    soft = image_set(np.full((5, 3), 1 / 3, dtype=np.float32), 3)
    for images in (image_set(np.arange(5)), image_set(np.full(5, MISSING)), soft):
        found = none.make(none.Settings(), images)
        assert found.labels.tolist() == [MISSING] * 5
        assert (found.labels.dtype, found.manifest["size"]) == (np.int64, images.classes)


@pytest.mark.parametrize("kind", ["svd_probabilities", "clusters", "autoencoder_codes"])
@pytest.mark.parametrize("extractor", ["classifier", "few_label_classifier"])
def test_unsupervised_labels_come_from_no_network_that_has_seen_labels(kind, extractor):
    with pytest.raises(ValidationError, match="trained with the data set's labels"):
        kinds.find("labels", kind).Settings(extractor=extractor)


def test_pseudo_labels_come_from_no_network_that_has_seen_every_label():
    with pytest.raises(ValidationError, match="trained with every label"):
        kinds.find("labels", "pseudo_labels").Settings(extractor="classifier")
