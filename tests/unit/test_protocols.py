"""Protocols are complete, and wrong ones are refused with every fault at once."""

from pathlib import Path
from typing import Any

import pytest

from gan_repro.checking import read_yaml
from gan_repro.errors import ConfigurationError
from gan_repro.protocols import Protocol, choose, metrics_of, read_protocols

FILE = Path(__file__).parents[2] / "conf" / "base" / "protocols.yml"


def entry(**changes: Any) -> dict[str, Any]:
    good = read_protocols(read_yaml(FILE))["classifier_is_smoke"]
    return good.model_dump(exclude={"name"}) | changes


def refusal(**entries: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_protocols(entries)
    return str(caught.value)


def test_the_projects_own_protocols_are_sound() -> None:
    found = read_protocols(read_yaml(FILE))
    assert {"inception_score_50k_last5", "fid_5k_test", "classifier_accuracy"} <= set(found)
    jgan = found["inception_score_50k_last5"]
    assert (jgan.samples, jgan.snapshots, jgan.input_size) == (50_000, "last_five_epochs", 299)
    assert [settings.splits for _, settings in metrics_of(jgan)] == [10]
    assert all(protocol.name == name for name, protocol in found.items())


def test_a_misspelt_field_is_refused_with_the_nearest_name() -> None:
    message = refusal(mine=entry(sampels=5))
    assert "conf/base/protocols.yml: mine.sampels: nothing is called 'sampels'" in message
    assert "Did you mean 'samples'?" in message


@pytest.mark.parametrize("field", sorted(set(Protocol.model_fields) - {"name"}))
def test_a_protocol_has_no_defaults(field: str) -> None:
    incomplete = entry()
    del incomplete[field]
    assert f"mine.{field}: is required, and missing" in refusal(mine=incomplete)


def test_every_fault_of_every_protocol_is_named_at_once() -> None:
    message = refusal(
        one=entry(extractor="clasifier"),
        two=entry(metrics={"fidd": {}, "inception_score": {"splitz": 3}}),
        three=entry(snapshots="best"),
        four=entry(metrics={"kid": {"subset_size": 301}}),
        five=entry(input_size=224),
        six=None,
    )
    assert "Did you mean 'classifier'?" in message
    assert "Did you mean 'fid'?" in message
    assert "Did you mean 'splits'?" in message
    assert "three.snapshots: " in message
    assert "'last_five_epochs'" in message
    assert "four.metrics.kid: needs 301 images; samples is 300" in message
    assert "five.input_size: classifier has None, got 224" in message
    assert "six: expected a mapping, got NoneType" in message
    assert len(message.splitlines()) == 7


def test_the_written_resize_must_be_the_extractors_own() -> None:
    assert "mine.resize: classifier has 'none', got 'bicubic'" in refusal(
        mine=entry(resize="bicubic")
    )


def test_other_batch_norm_modes_and_roundings_are_not_pretended() -> None:
    assert "mine.rounding" in refusal(mine=entry(rounding="none"))
    assert "mine.batch_norm" in refusal(mine=entry(batch_norm="standing"))


def test_choosing_an_unknown_protocol_names_the_nearest() -> None:
    conf = read_yaml(FILE)
    with pytest.raises(ConfigurationError, match="Did you mean 'classifier_is_smoke'"):
        choose(["classifier_is_smok"], conf)
    with pytest.raises(ConfigurationError, match="no protocol is called '_inception'"):
        choose(["_inception"], conf)
    assert [p.name for p in choose(["fid_5k_test", "classifier_accuracy"], conf)] == [
        "fid_5k_test", "classifier_accuracy",
    ]  # fmt: skip
