"""A protocol says everything that decides a score, besides the generator that is scored."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from gan_repro import checking, kinds, measuring
from gan_repro.errors import ConfigurationError
from gan_repro.kinds import Spec
from gan_repro.layouts import Groups
from gan_repro.normalisation import BatchNormChoice, Normalisation, of

FILE = "conf/base/protocols.yml"
RULES = ("last", "last_five_epochs", "all")


class Protocol(Spec):
    """One way to score a run, complete.

    name : its key in the file; says extractor, count and rule.
    extractor : what looks at the images; ``input_size`` and ``resize`` are what it does to them,
        written out and checked against the extractor's own file.
    metrics : kinds under ``metrics/`` with their settings, computed from the same features.
    samples : generated images a snapshot; 0 where a metric looks at the reference alone.
    labels : how a conditional generator's classes are drawn: ``uniform``.
    sampling_seed : of latents and classes; the same in each snapshot.
    held, group_size : inputs of the sampler, by name, that so many samples in a row share; none,
        and 1, where every sample has inputs of its own.
    snapshots : ``last``; ``last_five_epochs``, the mean over the run's last five shares; ``all``;
        or a share of the run, after which it must have kept one.
    correlate : for ``all``: two of the metrics' numbers, whose rank correlation over snapshots
        (Spearman's) is a number too, ``rank_correlation``.
    settles : for ``all``: one of the metrics' numbers, the lower the better, of which the share of
        the run is told, ``settled_at``, after which it is at most 1.25 times its last value.
    reference_split, reference_count : which real images, and how many of them (null: all).
    rounding : generated pixels become ``uint8`` by the inverse of the run's own scaling.
    batch_norm : the generator normalises with its ``running`` statistics, or with others, see
        ``gan_repro.normalisation``.
    averaged : whether the moving average of the generator's weights is sampled.
    """

    name: str
    title: str
    extractor: str
    input_size: int | None
    resize: str
    metrics: dict[str, dict[str, Any]] = Field(min_length=1)
    samples: int = Field(ge=0)
    labels: Literal["uniform"]
    sampling_seed: int = Field(ge=0)
    held: tuple[str, ...]
    group_size: int = Field(ge=1)
    snapshots: str | float
    reference_split: Literal["train", "test", "unlabeled"]
    reference_count: int | None = Field(ge=1)
    rounding: Literal["uint8"]
    batch_norm: BatchNormChoice
    averaged: bool
    correlate: tuple[str, str] | None
    settles: str | None

    @property
    def groups(self) -> Groups:
        """Which samples share which inputs."""
        return Groups(self.held, self.group_size)

    @property
    def normalisation(self) -> Normalisation:
        """What ``batch_norm`` says to sampling."""
        return of(self.batch_norm)

    @field_validator("snapshots")
    @classmethod
    def _a_rule_or_a_share(cls, asked: str | float) -> str | float:
        if asked in RULES or (isinstance(asked, float) and 0 < asked <= 1):
            return asked
        raise ValueError(f"expected one of {RULES}, or a share of the run in (0, 1], got {asked!r}")


def read_protocols(conf: Mapping[str, Any], where: str = FILE) -> dict[str, Protocol]:
    """Protocols by name; keys that start with ``_`` only hold what others repeat.

    Raises
    ------
    ConfigurationError
        With every fault of every protocol, one a line.
    """
    found, faults = {}, []
    for name, content in conf.items():
        if name.startswith("_"):
            continue
        if not isinstance(content, Mapping):
            faults.append(f"{name}: expected a mapping, got {type(content).__name__}.")
            continue
        try:
            found[name] = Protocol.model_validate({"name": name, **content})
        except ValidationError as error:
            faults += [f"{name}.{fault}" for fault in checking.explain(error, Protocol)]
    for protocol in found.values():
        faults += [f"{protocol.name}.{fault}" for fault in _faults(protocol)]
    checking.refuse(where, faults)
    return found


def choose(names: list[str], conf: Mapping[str, Any], where: str = FILE) -> list[Protocol]:
    """The protocols called ``names``, in that order; raises ConfigurationError for unknown ones."""
    public = [name for name in conf if not name.startswith("_")]
    unknown = [name for name in names if name not in public]
    checking.refuse(
        where,
        [
            f"no protocol is called {name!r}. {checking.known_names(name, public)}"
            for name in unknown
        ],
    )
    found = read_protocols({name: conf[name] for name in names}, where)
    return [found[name] for name in names]


def metrics_of(protocol: Protocol) -> Iterator[tuple[Any, Any]]:
    """Each metric's module and validated settings."""
    for kind, settings in protocol.metrics.items():
        module = kinds.find("metrics", kind)
        yield module, module.Settings(**(settings or {}))


def _faults(protocol: Protocol) -> list[str]:
    faults = list(_extractor_faults(protocol))
    for field in ("correlate", "settles"):
        if getattr(protocol, field) and protocol.snapshots != "all":
            faults.append(f"{field}: needs snapshots: all, got {protocol.snapshots!r}.")
    if bool(protocol.held) != (protocol.group_size > 1):
        faults.append(
            f"group_size: {protocol.group_size} samples share the inputs {list(protocol.held)}; "
            "expected 2 or more samples and some input, or 1 sample and none."
        )
    for kind, settings in protocol.metrics.items():
        faults += [f"metrics.{kind}: {fault}" for fault in _metric_faults(protocol, kind, settings)]
    return faults


def _extractor_faults(protocol: Protocol) -> Iterator[str]:
    try:
        module, settings = measuring.find_extractor(protocol.extractor)
    except ConfigurationError as error:
        yield f"extractor: {error}"
        return
    true = module.network_input(settings)
    for field, written, is_so in (
        ("input_size", protocol.input_size, true.size),
        ("resize", protocol.resize, true.resize),
    ):
        if written != is_so:
            yield f"{field}: {protocol.extractor} has {is_so!r}, got {written!r}."


def _metric_faults(protocol: Protocol, kind: str, given: dict[str, Any]) -> Iterator[str]:
    try:
        module = kinds.find("metrics", kind)
        settings = module.Settings.model_validate(given)
    except ValidationError as error:
        yield from checking.explain(error, module.Settings)
        return
    except ConfigurationError as error:
        yield str(error)
        return
    least = module.least_samples(settings)
    for field in ("samples", "reference_count"):
        count = getattr(protocol, field)
        if count is not None and count < least:
            yield f"needs {least} images; {field} is {count}."
