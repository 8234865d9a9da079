"""A run, fully resolved: everything that decides its weights, and nothing that does not."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from gan_repro import kinds
from gan_repro.kinds import Spec

CODES_SPLIT = "test"
"""Whose codes a generator is sampled with: images held out from training."""


class LabelChoice(Spec):
    """Which labels a run trains on: a kind under ``labels/`` and its settings."""

    kind: str = "clean"
    settings: dict[str, Any] = Field(default_factory=dict)

    @property
    def slug(self) -> str:
        """A name for files and catalog entries: ``offset_noise_rate0p4_seed0``.

        >>> LabelChoice(kind="offset_noise", settings={"rate": 0.4, "seed": 0}).slug
        'offset_noise_rate0p4_seed0'
        """
        return "_".join([self.kind, *_parts(self.settings)]).replace(".", "p").replace("-", "m")

    @property
    def extractor(self) -> str | None:
        """The extractor whose view of the images the labels are made from; None where none is."""
        inner = self.settings.get("generated") or {"settings": {}}
        found = self.settings.get("extractor") or inner["settings"].get("extractor")
        return str(found) if found else None

    @property
    def names_classes(self) -> bool:
        """Whether a label says one of the data set's classes, rightly or wrongly."""
        return not hasattr(kinds.find("labels", self.kind), "size")

    @property
    def are_codes(self) -> bool:
        """Whether a generator that is conditioned on these labels needs real images' to sample."""
        return bool(getattr(kinds.find("labels", self.kind), "CODES", False))

    def size(self, classes: int) -> int:
        """The entries of a label row, where the data set has ``classes`` classes."""
        if self.names_classes:
            return classes
        module = kinds.find("labels", self.kind)
        return int(module.size(module.Settings(**self.settings), classes))


def _parts(settings: Mapping[str, Any]) -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _parts(value)
        else:
            yield f"{name}{value}"


class Engine(Spec):
    """Switches of the scale, never of a method.

    precision : ``auto`` is bfloat16 where the device has arithmetic for it, else float32.
    channels_last : whether maps lie in memory as (n, h, w, channels).
    compile : whether players are compiled; ``cuda_graphs`` also records the kernels that they
        launch, on CUDA (elsewhere it is true).
    threads : part of the run, since weights differ between one and two CPU threads.
    checkpoint_every, log_every : in rounds.
    """

    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    channels_last: bool = False
    compile: bool | Literal["cuda_graphs"] = False
    threads: int = Field(default=2, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    log_every: int = Field(default=50, ge=1)
    events: Literal["none", "tensorboard"] = "none"


class RunSpec(Spec):
    """One training run.

    key : ``paper.family.condition.seed``, for example ``jgan.cifar10_jgan.noise40.seed0``.
    dataset : a kind under ``datasets/``; the scale decides which one stands in.
    split : which of its images to train on.
    method : ``kind`` and every hyper-parameter of that file's ``Settings``; empty for real images.
    rounds : rounds of the game; a round plays each turn.
    snapshots : shares of the run, in (0, 1], after which the published players are kept.
    """

    key: str
    scale: str
    dataset: str
    split: str = "train"
    labels: LabelChoice = LabelChoice()
    method: dict[str, Any]
    seed: int = Field(ge=0)
    rounds: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    pixels: str = "dequantised"
    snapshots: tuple[float, ...] = (1.0,)
    engine: Engine = Engine()

    @field_validator("snapshots")
    @classmethod
    def _within_the_run(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not shares or any(not 0 < share <= 1 for share in shares) or shares[-1] != 1:
            raise ValueError(f"shares of the run lie in (0, 1] and end with 1, got {shares}")
        if list(shares) != sorted(set(shares)):
            raise ValueError(f"shares must rise, got {shares}")
        return shares

    @property
    def snapshot_rounds(self) -> tuple[int, ...]:
        """The rounds after which a snapshot is kept; at least 1, without repeats."""
        return tuple(sorted({self.round_at(share) for share in self.snapshots}))

    def round_at(self, share: float) -> int:
        """The round that ends a share of the run; at least 1."""
        return max(1, round(share * self.rounds))

    def settings(self) -> Any:
        """The method's own ``Settings``, validated; imports the method's file."""
        module = kinds.find("methods", self.method.get("kind", ""))
        return module.Settings(**{k: v for k, v in self.method.items() if k != "kind"})
