"""Each metric agrees with its NumPy twin, and with torch-fidelity called directly on the images."""

import functools
from dataclasses import replace

import metric_twins as twins
import numpy as np
import pytest
import torch
from torch.utils.data import Dataset
from torch_fidelity import calculate_metrics
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.registry import register_feature_extractor

from gan_repro import kinds
from gan_repro.errors import EvaluationError
from gan_repro.evaluation import measure
from gan_repro.features import classifier
from gan_repro.images import ImageSet, ImageShape
from gan_repro.measuring import Features, Reference, find_extractor, moments
from gan_repro.nets.classifier import Classifier
from gan_repro.randomness import numpy_generator

KID = {"subsets": 4, "subset_size": 60, "seed": 2020}
SETTINGS = {"inception_score": {"splits": 5}, "kid": KID, "precision_recall": {"neighbours": 3}}


def reference_of(features: Features) -> Reference:
    return Reference(
        "classifier", "0" * 64, "digits", "test", ImageShape(1, 8, 8), 10, features,
        moments(features.pooled), np.zeros(len(features), np.int64),
    )  # fmt: skip


def scores(made: Features, real: Features) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind in ("inception_score", "fid", "kid", "precision_recall"):
        module = kinds.find("metrics", kind)
        settings = module.Settings(**SETTINGS.get(kind, {}))
        found |= module.compute(settings, made, reference_of(real))
    return found


@functools.cache
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    state = Classifier(3, 10, width=6).eval().state_dict()
    return {f"00000007/classifier/{name}": values for name, values in state.items()}


@functools.cache
def pictures(seed: int, n: int, level: int) -> np.ndarray:
    """Smooth colour gradients with noise: two seeds and levels give two overlapping sets."""
    random = np.random.default_rng(seed)
    slope = random.uniform(-9, 9, (n, 3, 1, 12)) * np.arange(12)
    noise = random.normal(0, 20, (n, 3, 12, 12))
    return np.clip(level + slope + noise, 0, 255).astype(np.uint8)


@functools.cache
def features(seed: int, n: int, level: int) -> Features:
    return classifier.load(classifier.Settings(), weights()).features(pictures(seed, n, level))


MADE, REAL = (1, 230, 120), (2, 190, 132)


def test_every_metric_agrees_with_its_twin() -> None:
    made, real = features(*MADE), features(*REAL)
    found = scores(made, real)
    score, spread = twins.inception_score(made.logits, 5)
    assert found["inception_score"] == pytest.approx(score, rel=1e-9)
    assert found["inception_score_spread"] == pytest.approx(spread, rel=1e-6, abs=1e-12)
    assert found["fid"] == pytest.approx(twins.frechet_distance(made.pooled, real.pooled), rel=1e-6)
    kid, kid_spread = twins.kernel_distance(
        made.pooled, real.pooled, KID["subsets"], KID["subset_size"], KID["seed"]
    )
    assert found["kid"] == pytest.approx(kid, abs=1e-6)
    assert found["kid_spread"] == pytest.approx(kid_spread, abs=1e-6)
    expected = twins.precision_recall(made.pooled, real.pooled, 3)
    assert (found["precision"], found["recall"]) == pytest.approx(expected, abs=1e-6)
    assert 0.05 < found["recall"] < 0.999, "the two sets should overlap in part"


@pytest.mark.parametrize("rows", [7, 100])  # the last block is smaller than k + 1, and not
def test_precision_and_recall_in_blocks_agree_with_their_twin(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = kinds.find("metrics", "precision_recall")
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows)
    made, real = features(*MADE), features(*REAL)
    found = module.compute(module.Settings(), made, reference_of(real))
    expected = twins.precision_recall(made.pooled, real.pooled, 3)
    assert tuple(found.values()) == pytest.approx(expected, abs=1e-6)


def agreement(pooled: np.ndarray, labels: np.ndarray, **chosen: int) -> list[float]:
    module = kinds.find("metrics", "neighbours")
    seen = Features(pooled, None, labels)
    return list(module.compute(module.Settings(**chosen), seen, None).values())


@pytest.mark.parametrize("digits", [0, 9])  # of whole numbers, many distances are the same
def test_neighbours_agree_with_their_twin(digits: int) -> None:
    pooled = features(*MADE).pooled[:100]
    pooled = (2 * pooled / pooled.std(axis=0)).round(digits)
    labels = (pooled[:, 0] > np.median(pooled[:, 0])).astype(np.int64)
    everything = np.arange(100)[None]
    expected = twins.neighbour_agreement(pooled, labels, everything, everything >= 0)
    assert agreement(pooled, labels) == pytest.approx(expected, abs=1e-12)
    assert 0.5 < expected[0] < 1, "neighbours should say something of the label, and not all"

    order = numpy_generator(3, "neighbours/pools").permutation(100)[:90].reshape(3, 30)
    asked = np.isin(np.arange(90), numpy_generator(3, "neighbours/queries").permutation(90)[:40])
    expected = twins.neighbour_agreement(pooled, labels, order, asked.reshape(3, 30))
    found = agreement(pooled, labels, pool=30, queries=40, seed=3)
    assert found == pytest.approx(expected, abs=1e-12)


def test_convergence_agrees_with_its_twin() -> None:
    module, real = kinds.find("metrics", "convergence"), features(*REAL)
    spread = (real.logits - real.logits.mean(axis=0)) / real.logits.std(axis=0)
    real = replace(real, logits=3 * spread)  # untrained, it gives nearly the same answer to all
    said = []
    for sharpness in (0.1, 0.5, 0.7, 0.8, 0.9, 1.0, 2.0):
        made = replace(real, logits=np.float32(real.logits * sharpness))
        found = module.compute(module.Settings(share=0.6), made, reference_of(real))
        assert found["converged"] == twins.converged(made.logits, real.logits, 0.6)
        said.append(found["converged"])
    assert said == sorted(said)
    assert set(said) == {0.0, 1.0}


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_the_border_effect_agrees_with_its_twin(share: float) -> None:
    module, images = kinds.find("metrics", "border_effect"), pictures(1, 80, 120)
    codes = images.reshape(80, -1)[:, ::2].astype(np.float32) / 255
    codes = np.concatenate([codes, codes[:40]])  # fed again
    labels = np.digitize(codes.mean(axis=1), np.quantile(codes.mean(axis=1), [0.3, 0.6]))
    answers = np.random.default_rng(0).integers(0, 3, len(codes))
    seen = Features(codes[:, :4], np.eye(10, dtype=np.float32)[answers], labels, codes=codes)
    found = module.compute(module.Settings(share=share), seen, reference_of(seen))
    border, core = twins.border_effect(codes, labels, answers == labels, share)
    assert list(found.values()) == pytest.approx([border, core, core - border], abs=1e-12)
    assert border != core


class Images(Dataset):
    """What torch-fidelity takes for a data set."""

    def __init__(self, images: np.ndarray):
        self.images = torch.from_numpy(images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.images[index]


class Registered(FeatureExtractorBase):
    """The classifier's network, wrapped by hand as torch-fidelity wants it."""

    def __init__(self, name: str, features_list: list[str], **_: object):
        super().__init__(name, features_list)
        stripped = {key.split("/")[-1]: values for key, values in weights().items()}
        self.network = Classifier.from_weights(stripped)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return "pooled", "logits"

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "logits" if metric == "isc" else "pooled"

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        pooled, logits = self.network((images.float() + 0.5) / 128 - 1)
        return tuple({"pooled": pooled, "logits": logits}[name] for name in self.features_list)


def test_every_metric_agrees_with_torch_fidelity_called_directly() -> None:
    register_feature_extractor("tests-classifier", Registered)
    theirs = calculate_metrics(
        input1=Images(pictures(*MADE)), input2=Images(pictures(*REAL)),
        isc=True, fid=True, kid=True, prc=True, feature_extractor="tests-classifier",
        isc_splits=5, samples_shuffle=False, kid_subsets=4, kid_subset_size=60, rng_seed=2020,
        cuda=False, cache=False, verbose=False, save_cpu_ram=True,
    )  # fmt: skip
    ours = scores(features(*MADE), features(*REAL))
    assert ours["fid"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-6)
    assert ours["inception_score"] == pytest.approx(theirs["inception_score_mean"], abs=1e-3)
    assert ours["inception_score_spread"] == pytest.approx(theirs["inception_score_std"], abs=1e-3)
    assert ours["kid"] == pytest.approx(theirs["kernel_inception_distance_mean"], abs=1e-6)
    assert ours["precision"] == pytest.approx(theirs["precision"], abs=1e-6)
    assert ours["recall"] == pytest.approx(theirs["recall"], abs=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 230])
def test_scores_do_not_depend_on_the_batch_size(batch_size: int) -> None:
    extractor = classifier.load(classifier.Settings(), weights())
    made = extractor.features(pictures(*MADE), batch_size)
    assert made.pooled.dtype == made.logits.dtype == np.float32
    assert scores(made, features(*REAL)) == pytest.approx(
        scores(features(*MADE), features(*REAL)), rel=1e-4, abs=1e-7
    )


def test_a_set_has_no_distance_to_itself() -> None:
    same = features(*REAL)
    found = scores(same, same)
    assert abs(found["fid"]) < 1e-8 * np.trace(moments(same.pooled).covariance) + 1e-9
    assert (found["precision"], found["recall"]) == (1.0, 1.0)


def test_a_covariance_without_full_rank_still_gives_a_distance() -> None:
    few, real = features(1, 10, 120), features(*REAL)  # 10 images, 24 features
    found = kinds.find("metrics", "fid").compute(None, few, reference_of(real))["fid"]
    assert found == pytest.approx(twins.frechet_distance(few.pooled, real.pooled), rel=1e-5)


def test_class_diversity_agrees_with_its_twin() -> None:
    module, images = kinds.find("metrics", "class_diversity"), pictures(3, 60, 100)
    loaded = find_extractor("pixels")[0].load(None)
    labels = np.arange(len(images)) % 4
    seen = replace(loaded.features(images), labels=labels)
    real = measure(ImageSet(images[::-1].copy(), labels, 4), "pixels", "digits", "test")
    found = module.compute(module.Settings(), seen, real)
    ours = twins.class_diversity(images.reshape(len(images), -1) / 255.0, labels)
    assert found["class_diversity"] == pytest.approx(ours, rel=1e-5)
    real_one = twins.class_diversity(images[::-1].reshape(len(images), -1) / 255.0, labels)
    assert found["class_diversity_real"] == pytest.approx(real_one, rel=1e-5)
    assert found["class_diversity_share"] == pytest.approx(ours / real_one, rel=1e-5)
    same = replace(seen, pooled=np.eye(4, seen.pooled.shape[1], dtype=np.float32)[labels])
    assert module.compute(module.Settings(), same, real)["class_diversity"] == 0.0
    with pytest.raises(EvaluationError, match="no class of the samples has 2 images"):
        module.compute(module.Settings(), replace(seen, labels=None), real)
