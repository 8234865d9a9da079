"""Extractors: real weights where they are installed, and clear errors where they are not."""

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images
from torch_fidelity.feature_extractor_inceptionv3 import (
    URL_INCEPTION_V3,
    FeatureExtractorInceptionV3,
)
from torchvision.models._meta import _IMAGENET_CATEGORIES as IMAGENET

from gan_repro.errors import (
    ConfigurationError,
    EvaluationError,
    MissingWeightsError,
    UnknownKindError,
)
from gan_repro.features import (
    alexnet_untrained,
    classifier,
    efficientnet_lite0,
    few_label_classifier,
    inception2015,
)
from gan_repro.kinds import names
from gan_repro.measuring import Features, find_extractor, kind_of
from gan_repro.nets.classifier import Classifier


def photographs() -> np.ndarray:
    """scikit-learn's two: a temple in China, and a flower."""
    square = [image[:427, 100:527].transpose(2, 0, 1) for image in load_sample_images().images]
    return np.stack(square)


def test_efficientnet_recognises_photographs() -> None:
    module, settings = find_extractor("efficientnet_lite0_224")
    found = module.load(settings).features(photographs())
    assert found.pooled.shape == (2, 1280)
    best = [{IMAGENET[i] for i in row.argsort()[-4:]} for row in found.logits]
    assert best[0] & {"palace", "bell cote", "monastery"}
    assert "daisy" in best[1]


def test_efficientnet_sees_pixels_scaled_as_in_its_training() -> None:
    # the stem's batch norm recorded the variance of what it saw; ImageNet mean and sd give 5 times
    extractor = efficientnet_lite0.load(efficientnet_lite0.Settings(input_size=224))
    network = extractor._network
    seen: list[torch.Tensor] = []
    hook = network._conv_stem.register_forward_hook(lambda *call: seen.append(call[2]))
    extractor.features(photographs())
    hook.remove()
    ratio = seen[0].var(dim=(0, 2, 3)) / network._bn0.running_var
    assert 0.5 < ratio.median() < 2


def test_efficientnet_repeats_grey_images_and_is_the_same_every_time() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28), dtype=np.uint8)
    extractor = efficientnet_lite0.load(efficientnet_lite0.Settings())
    first = extractor.features(grey)
    again = extractor.features(np.repeat(grey, 3, axis=1))
    np.testing.assert_array_equal(first.pooled, again.pooled)
    one_by_one = extractor.features(grey, batch_size=1)
    np.testing.assert_allclose(one_by_one.logits, first.logits, atol=1e-3)


def test_efficientnet_says_when_its_file_is_another(tmp_path: Path, monkeypatch) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(b"not weights")
    monkeypatch.setattr(efficientnet_lite0, "_packaged", lambda: other)
    with pytest.raises(MissingWeightsError, match=r"force-reinstall efficientnet-lite0"):
        efficientnet_lite0.load(efficientnet_lite0.Settings())


def test_missing_inception_weights_say_what_to_fetch_and_where_to_put_it(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.delenv(inception2015.VARIABLE, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    before = time.perf_counter()
    with pytest.raises(MissingWeightsError) as caught:
        inception2015.load(inception2015.Settings())
    assert time.perf_counter() - before < 1, "it should not try the network"
    message = str(caught.value)
    assert inception2015.ADDRESS in message
    assert str(tmp_path / "hub" / "checkpoints" / inception2015.FILE) in message
    assert inception2015.VARIABLE in message


def test_the_known_inception_file_is_the_one_torch_fidelity_names() -> None:
    assert inception2015.ADDRESS == URL_INCEPTION_V3
    assert inception2015.SHA256.startswith(inception2015.FILE[-12:-4])


def test_inception_weights_that_are_not_the_known_ones_are_refused(
    tmp_path: Path, monkeypatch
) -> None:
    wrong = tmp_path / inception2015.FILE
    wrong.write_bytes(b"half a download")
    monkeypatch.setenv(inception2015.VARIABLE, str(tmp_path))  # its folder will do
    with pytest.raises(MissingWeightsError) as caught:
        inception2015.load(inception2015.Settings())
    assert hashlib.sha256(b"half a download").hexdigest() in str(caught.value)
    assert inception2015.SHA256 in str(caught.value)


class Blank(FeatureExtractorInceptionV3):
    """torch-fidelity's network with the weights it is born with."""

    def load_state_dict(self, *_: object, **__: object) -> None:  # type: ignore[override]
        return None


def test_inception_gives_pooled_features_and_logits_without_the_bias(
    tmp_path: Path, monkeypatch
) -> None:
    path = tmp_path / "born.pth"
    torch.save({}, path)
    state = Blank("inception-v3-compat", ["2048"], str(path)).state_dict()
    torch.save(state, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(inception2015, "SHA256", sha256)
    monkeypatch.setenv(inception2015.VARIABLE, str(path))
    extractor = inception2015.load(inception2015.Settings())
    assert extractor.sha256 == sha256
    found = extractor.features(np.full((2, 1, 8, 8), 200, np.uint8))
    assert found.pooled.shape == (2, 2048)
    expected = found.pooled @ state["fc.weight"].numpy().T
    np.testing.assert_allclose(found.logits, expected, atol=1e-4)
    assert np.abs(state["fc.bias"].numpy()).max() > 1e-3


def snapshots(width: int = 4, channels: int = 1) -> dict[str, torch.Tensor]:
    torch.manual_seed(width)
    state = Classifier(channels, 3, width).state_dict()
    return {f"00000009/classifier/{name}": values for name, values in state.items()}


@pytest.mark.parametrize("size", [8, 28, 32, 48])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_classifier_takes_any_size(size: int, channels: int) -> None:
    images = np.zeros((2, channels, size, size), np.uint8)
    found = classifier.load(classifier.Settings(), snapshots(4, channels)).features(images)
    assert (found.pooled.shape, found.logits.shape) == ((2, 16), (2, 3))


def test_the_classifier_is_the_last_snapshots() -> None:
    older = {k.replace("00000009", "00000005"): v + 1 for k, v in snapshots().items()}
    both = classifier.load(classifier.Settings(), {**older, **snapshots()})
    assert both.sha256 == classifier.load(classifier.Settings(), snapshots()).sha256


def test_the_classifier_of_few_labels_is_the_same_instrument() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 8, 8), dtype=np.uint8)
    many = classifier.load(classifier.Settings(), snapshots())
    few = few_label_classifier.load(few_label_classifier.Settings(), snapshots())
    assert few.sha256 == many.sha256
    np.testing.assert_array_equal(few.features(images).logits, many.features(images).logits)


@pytest.mark.parametrize(
    "kind", [k for k in names("features") if find_extractor(k)[0].TRAINED_HERE]
)
@pytest.mark.parametrize("given", [None, {"00000009/generator/x": torch.zeros(1)}])
def test_an_extractor_without_its_weights_says_what_to_run(kind: str, given: dict | None) -> None:
    module, settings = find_extractor(kind)
    with pytest.raises(MissingWeightsError, match=f"^{kind}: .*kedro run --pipelines reference"):
        module.load(settings, given)


def test_efficientnet_takes_small_inputs_for_the_smoke_scale() -> None:
    module, settings = find_extractor("efficientnet_lite0_64")
    found = module.load(settings).features(photographs())
    assert (found.pooled.shape, found.logits.shape) == ((2, 1280), (2, 1000))
    assert module.network_input(settings).size == settings.input_size == 64
    assert "daisy" in {IMAGENET[i] for i in found.logits[1].argsort()[-20:]}


def test_an_extractor_is_a_kind_or_a_kind_and_a_size() -> None:
    assert find_extractor("classifier")[0] is classifier
    assert find_extractor("efficientnet_lite0_224")[1].input_size == 224
    with pytest.raises(ConfigurationError, match=r"'efficientnet_lite0_100' cannot be.*got 100\.$"):
        find_extractor("efficientnet_lite0_100")
    with pytest.raises(UnknownKindError, match="Did you mean 'inception2015'"):
        find_extractor("inception2014")


def test_an_extractor_may_say_more_behind_its_kind() -> None:
    module, settings = find_extractor("alexnet_untrained_conv3_96_mean_seed4")
    assert module is alexnet_untrained
    expected = {"layer": "conv3", "input_size": 96, "pooling": "mean", "seed": 4}
    assert settings.model_dump() == expected
    assert find_extractor("alexnet_untrained_pool5_64_flat")[1] == module.Settings()
    assert find_extractor("label_noise_encoder_50")[1].noise == 50


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("classifier_", "an input size is expected, got ''"),
        ("classifier_small", "an input size is expected, got 'small'"),
        ("classifier_12", "nothing is called 'input_size' here"),
        ("efficientnet_lite0_64_64", "an input size is expected, got '64_64'"),
        ("alexnet_untrained_64", "for example conv5_224_flat.*, got '64'"),
        ("alexnet_untrained_conv5_64_flat_seed", "got 'conv5_64_flat_seed'"),
        ("alexnet_untrained_conv6_64_flat", "layer: .*, got 'conv6'"),
        ("alexnet_untrained_conv5_64_max", "pooling: .*, got 'max'"),
        ("label_noise_encoder_half", "percent .* expected, 0 to 100, got 'half'"),
        ("label_noise_encoder_101", "noise: .* 100, got 101"),
    ],
)
def test_what_is_wrong_behind_a_kind_is_said(name: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the extractor '{name}' cannot be: .*{fault}"):
        find_extractor(name)


def test_of_kinds_that_begin_alike_the_longest_counts() -> None:
    known = ("net", "net_small", "network")
    assert kind_of("net_64", known) == "net"
    assert kind_of("net_small", known) == kind_of("net_small_64", known) == "net_small"
    assert kind_of("net_smaller", known) == "net"
    assert kind_of("network_64", known) == "network"
    assert kind_of("nets", known) == "nets"


@pytest.mark.parametrize("kind", names("features"))
def test_every_extractor_says_what_it_is(kind: str) -> None:
    module, settings = find_extractor(kind)
    assert isinstance(module.CLASSIFIES, bool)
    assert isinstance(module.TRAINED_HERE, bool)
    assert module.SEES_LABELS in {"none", "some", "all"}
    assert module.network_input(settings).resize


def test_features_without_logits_say_so() -> None:
    with pytest.raises(EvaluationError, match="does not classify"):
        Features(np.zeros((2, 3), np.float32), None).class_logits()
