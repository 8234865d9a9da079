"""Real images in the place of generated ones: scores without any training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_repro.checking import read_yaml
from gan_repro.datasets import digits
from gan_repro.drawing import RealImages
from gan_repro.errors import EvaluationError
from gan_repro.evaluation import calibrate, measure
from gan_repro.images import MISSING, ImageSet
from gan_repro.measuring import Reference
from gan_repro.nets.classifier import Classifier
from gan_repro.runs import RunSpec

PROTOCOLS = read_yaml(Path(__file__).parents[2] / "conf" / "base" / "protocols.yml")
TRAIN = digits.read(Path(), "train")


def a_run(seed: int = 0) -> dict[str, Any]:
    return RunSpec(
        key=f"tests.real.clean.seed{seed}", scale="smoke", dataset="digits", method={}, seed=seed,
        rounds=1, batch_size=1,
    ).model_dump(mode="json")  # fmt: skip


def reference(split: str = "test") -> Reference:
    torch.manual_seed(0)
    weights = {f"00000001/classifier/{k}": v for k, v in Classifier(1, 10, 8).state_dict().items()}
    return measure(digits.read(Path(), split), "classifier", "digits", split, weights)


def score(run: dict[str, Any], images: ImageSet = TRAIN) -> tuple[dict[str, Any], Any]:
    names = ["classifier_is_smoke_last", "classifier_distances_smoke"]
    rows, sheet = calibrate(run, names, PROTOCOLS, images, reference())
    return {row["metric"]: row for row in rows}, sheet


def test_real_images_are_scored_by_every_protocol() -> None:
    rows, _ = score(a_run())
    assert {row["snapshot"] for row in rows.values()} == {"real images"}
    assert rows["precision"]["value"] > 0.8
    assert rows["recall"]["value"] > 0.8
    noise = np.random.default_rng(0).integers(0, 256, TRAIN.images.shape, dtype=np.uint8)
    worse, _ = score(a_run(), ImageSet(noise, TRAIN.labels, 10))
    assert worse["fid"]["value"] > 10 * rows["fid"]["value"]


def test_the_seed_draws_which_images() -> None:
    first, again, other = (score(a_run(seed))[0]["fid"] for seed in (0, 0, 1))
    assert first == again
    assert first["value"] != other["value"]
    assert first["checkpoint_sha256"] == other["checkpoint_sha256"]  # the same images to draw from


def test_images_are_different_ones_and_the_first_of_more_are_the_same() -> None:
    real = RealImages(RunSpec.model_validate(a_run()), TRAIN)
    few, many = (real.draw(1, count, 0, False) for count in (50, len(TRAIN)))
    assert np.array_equal(few.images, many.images[:50])
    assert sorted(map(bytes, many.images)) == sorted(map(bytes, TRAIN.images))
    assert np.array_equal(np.bincount(many.labels), np.bincount(TRAIN.labels))


def test_more_images_than_there_are_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="300 real images were asked for"):
        score(a_run(), TRAIN.first(200))


def test_a_sheet_of_unlabelled_images_is_a_plain_grid() -> None:
    unlabelled = ImageSet(TRAIN.images, np.full(len(TRAIN), MISSING), 10)
    plain, by_class = score(a_run(), unlabelled)[1], score(a_run())[1]
    assert plain.size == by_class.size
    assert plain.tobytes() != by_class.tobytes()
