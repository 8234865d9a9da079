"""Codes in the plane: of the images that were asked for, beside what is seen in their samples."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import tiny_codes
import tiny_runs as tiny
from gan_repro import embedding, sampling
from gan_repro.checking import read_yaml
from gan_repro.drawing import RealImages, SnapshotImages, codes_of
from gan_repro.embedding import Embedding, embed
from gan_repro.errors import EvaluationError
from gan_repro.evaluation import evaluate
from gan_repro.images import LabelSet
from gan_repro.measuring import Reference
from gan_repro.runs import RunSpec
from gan_repro.scoring import extractor_of
from gan_repro.storage.outputs import JsonDataset

PROTOCOLS = read_yaml(Path(__file__).parents[2] / "conf" / "base" / "protocols.yml")


def views() -> tuple[Reference, Reference]:
    return tiny_codes.codes(), tiny_codes.classifier()


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return embed(tiny_codes.run(), tiny_codes.snapshots(), *views())


def test_points_are_held_out_and_answers_those_to_the_samples_of_their_codes(found) -> None:
    run = RunSpec(**tiny_codes.run())
    codes = sampling.Codes(tiny_codes.codes().features.pooled, tiny_codes.held_out().labels)
    places = codes.places(90, 0)
    assert sorted(places) == list(range(90))
    assert found["classes"] == tiny_codes.held_out().labels[places].tolist()
    drawn = sampling.sample(
        run, tiny_codes.snapshots(), 4, tiny_codes.held_out().shape, 10, 96, codes=codes
    )
    seen = extractor_of(tiny_codes.classifier()).features(drawn.images[:90])
    assert found["answers"] == seen.logits.argmax(axis=1).tolist()
    assert (found["run"], found["snapshot"], found["size"]) == (run.key, 4, 10)
    assert len(found["checkpoint_sha256"]) == len(found["codes_sha256"]) == 64


def test_what_is_near_among_codes_is_near_in_the_plane(found) -> None:
    plane = np.stack([found["x"], found["y"]], axis=1)
    codes = codes_of(RunSpec(**tiny_codes.run()), views())
    rows = codes.rows[codes.places(90, 0)]
    ranks = cdist(rows, rows).argsort(axis=1).argsort(axis=1)
    neighbours = cdist(plane, plane).argsort(axis=1)[:, 1]
    assert np.median(ranks[np.arange(90), neighbours]) <= 5


def test_the_same_map_again_to_the_last_digit(found) -> None:
    assert embed(tiny_codes.run(), tiny_codes.snapshots(), *views()[::-1]) == found
    assert Embedding.model_validate(found).model_dump(mode="json") == found
    assert found["x"] == [round(value, 3) for value in found["x"]]


def test_a_map_of_all_images_fits_in_git(found, tmp_path: Path) -> None:
    many = {
        name: (value * 23)[: embedding.IMAGES] if isinstance(value, list) else value
        for name, value in found.items()
    }
    assert len(many["x"]) == embedding.IMAGES
    file = JsonDataset(str(tmp_path / "embedding.json"))
    file.save(many)
    assert file.filepath.stat().st_size < 100_000
    assert file.load() == many == json.loads(file.filepath.read_text())


def test_as_many_images_as_asked_for_and_a_perplexity_that_fits(found) -> None:
    few = embed(tiny_codes.run(), tiny_codes.snapshots(), *views(), images=19)
    assert (len(few["x"]), few["perplexity"]) == (19, 6.0)
    assert few["classes"] == found["classes"][:19]
    assert few["answers"] == found["answers"][:19]


def test_what_cannot_be_embedded_is_refused() -> None:
    codes, classifier = views()
    kept = tiny_codes.snapshots()
    other = replace(classifier, extractor_sha256="0" * 64)
    clean = tiny.run("projection_cbn")
    joint = tiny.run("jgan", labels=tiny_codes.LABELS)
    longer = tiny_codes.run(rounds=9)
    for run, references, said in (
        (tiny_codes.run(), (classifier,), "samples need the codes that alexnet_untrained"),
        (tiny_codes.run(), (codes,), "what the 'classifier' of digits sees in samples"),
        (tiny_codes.run(), (codes, replace(classifier, split="train")), "of the split 'test'"),
        (tiny_codes.run(), (codes, other), "are not those that measured the reference"),
        (longer, views(), "round 9 was asked for; kept are"),
    ):
        with pytest.raises(EvaluationError, match=said):
            embed(run, kept, *references)
    for run, kind in ((clean, "clean"), (joint, "features")):
        labels = np.eye(10)[tiny.digits().labels] if kind == "clean" else np.ones((100, 256)) / 256
        with tempfile.TemporaryDirectory() as root:
            other_kept, _, _ = tiny.trained(run, Path(root), np.float32(labels))
        with pytest.raises(EvaluationError, match=f"{kind}' makes its samples without codes"):
            embed(run, other_kept, *views())


def test_codes_reach_the_metrics_as_they_were_fed() -> None:
    run, (codes, classifier) = RunSpec(**tiny_codes.run()), views()
    made = SnapshotImages(
        run, tiny_codes.snapshots(), classifier.shape, 10, codes_of(run, (codes, classifier))
    )
    many, few = made.codes(200, 3), made.codes(50, 3)
    assert np.array_equal(many[:50], few)
    assert sorted(map(bytes, many[:90])) == sorted(map(bytes, codes.features.pooled))
    drawn = made.draw(4, 50, 3, False)
    images = tiny_codes.held_out().labels
    ours = [images[(codes.features.pooled == row).all(axis=1)][0] for row in few]
    assert drawn.labels.tolist() == ours
    assert SnapshotImages(run, {}, classifier.shape, 10).codes(5, 0) is None
    assert RealImages(run, tiny_codes.held_out()).codes(5, 0) is None


def test_the_border_effect_is_scored_with_the_codes_of_the_protocols_own_samples() -> None:
    protocol = {
        **PROTOCOLS["classifier_pairs_smoke"], "samples": 120,
        "metrics": {"label_agreement": {}, "border_effect": {"share": 0.5}},
    }  # fmt: skip
    conf = {"small": protocol, "large": {**protocol, "samples": 200, "metrics": {"fid": {}}}}
    labels = LabelSet(np.zeros((3, 256), np.float32), {})
    found = []
    for names in (["small"], ["large", "small"]):
        rows, _ = evaluate(
            tiny_codes.run(), names, conf, tiny_codes.snapshots(), labels, *views()[::-1]
        )
        found.append({r["metric"]: r["value"] for r in rows if r["protocol"] == "small"})
    assert found[0] == pytest.approx(found[1])
    assert found[0]["core_accuracy"] - found[0]["border_accuracy"] == found[0]["border_effect"]
    both = (found[0]["core_accuracy"] + found[0]["border_accuracy"]) / 2
    assert both == pytest.approx(found[0]["label_agreement"], abs=0.05)
