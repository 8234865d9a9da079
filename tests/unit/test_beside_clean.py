"""A label beside the clean one: rows that split back into both, and what is refused."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from gan_repro import kinds
from gan_repro.datasets import digits as digits_file
from gan_repro.errors import DataError
from gan_repro.evaluation import measure
from gan_repro.images import MISSING, ImageSet
from gan_repro.labels import beside_clean
from gan_repro.measuring import Reference

SMALL = "efficientnet_lite0_64"
COUNT = 120


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return digits_file.read(Path(), "train").first(COUNT)


@pytest.fixture(scope="module")
def seen(digits: ImageSet) -> Reference:
    """Real digits through the real EfficientNet."""
    return measure(digits, SMALL, "digits", "train")


def beside(kind: str, **settings: Any) -> beside_clean.Settings:
    return beside_clean.Settings(generated={"kind": kind, "settings": settings})


INNER = {
    "svd_probabilities": {"extractor": SMALL, "components": 6},
    "clusters": {"extractor": SMALL, "clusters": 7},
    "offset_noise": {"rate": 0.4},
    "missing": {"rate": 0.4},
}


@pytest.mark.parametrize("kind", INNER)
def test_rows_split_back_into_both_labels(kind, digits, seen) -> None:
    settings = beside(kind, **INNER[kind])
    module = kinds.find("labels", kind)
    given = () if "rate" in INNER[kind] else (seen,)
    inner = module.make(module.Settings(**INNER[kind]), digits, *given)
    found = beside_clean.make(settings, digits, *given)
    clean, other = np.split(found.labels, [10], axis=1)
    assert found.labels.dtype == np.float32
    assert found.labels.shape[1] == beside_clean.size(settings, 10)
    np.testing.assert_array_equal(clean, np.eye(10)[digits.labels])
    if inner.labels.ndim == 2:
        np.testing.assert_array_equal(other, inner.labels)
    else:
        there = inner.labels != MISSING
        np.testing.assert_array_equal(other.sum(axis=1), there)
        np.testing.assert_array_equal(other[there].argmax(axis=1), inner.labels[there])
    assert found.manifest["generated"] == inner.manifest
    assert found.manifest["condition_size"] == 10


def test_inner_settings_are_completed_so_that_a_lock_shows_them() -> None:
    shown = beside("clusters", clusters=30).model_dump(mode="json")
    assert shown == {
        "generated": {
            "kind": "clusters",
            "settings": {"extractor": "efficientnet_lite0_112", "clusters": 30, "seed": 0},
        }
    }
    assert beside_clean.Settings(**shown) == beside("clusters", clusters=30)
    short = beside_clean.Settings(generated={"kind": "clusters"})
    assert short == beside("clusters")


@pytest.mark.parametrize(
    ("kind", "settings", "fault"),
    [
        ("clusterz", {}, "Did you mean 'clusters'"),
        ("clusters", {"clusterz": 3}, "clusters: clusterz: nothing is called 'clusterz' here"),
        ("clusters", {"clusters": 1}, "greater than or equal to 2"),
        ("offset_noise", {}, "offset_noise: rate: is required"),
        ("beside_clean", {"generated": {"kind": "clusters"}}, "cannot stand beside itself"),
    ],
)
def test_what_cannot_stand_beside_is_refused(kind: str, settings: dict, fault: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(fault)):
        beside(kind, **settings)


def test_beside_needs_clean_labels_and_the_view_of_its_inner_kind(digits, seen) -> None:
    settings = beside("clusters", extractor=SMALL)
    with pytest.raises(DataError, match=rf"labels.clusters: needs the view of '{SMALL}', none was"):
        beside_clean.make(settings, digits)
    unlabelled = ImageSet(digits.images, np.full(COUNT, MISSING), 10)
    with pytest.raises(DataError, match=r"labels.beside_clean: labels lie in \[-1, -1\]"):
        beside_clean.make(settings, unlabelled, seen)
