"""Features of images, the extractors that make them, and references: measured real images."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from pydantic import ValidationError

from gan_repro import checking, kinds
from gan_repro.errors import ConfigurationError, EvaluationError
from gan_repro.images import ImageShape
from gan_repro.kinds import Spec
from gan_repro.randomness import numpy_generator

if TYPE_CHECKING:
    from torch import Tensor


MOST_FEATURES = 4096
"""Of more features no covariance is kept: at 4,096 it has 134 MB, and nobody asks for more."""


@dataclass(frozen=True)
class Features:
    """What an extractor says of n images.

    pooled : float32 array (n, d), the penultimate activations.
    logits : float32 array (n, k), or None where the extractor does not classify.
    labels : what the images came with: classes asked for or generated, int64 (n,), or label rows,
        float32 (n, k); None where there are none.
    label_marginal : float64 array (2, k), of the labels that the run trained on: the mean row, and
        how often each entry is the largest; None where nothing was trained.
    codes : float32 array (n, d), the codes that the images were made from; None elsewhere.
    groups : int64 array (n,); images of one group were made from some of the same inputs; None
        where a protocol holds none.
    """

    pooled: np.ndarray
    logits: np.ndarray | None
    labels: np.ndarray | None = None
    label_marginal: np.ndarray | None = None
    codes: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pooled)

    def first(self, count: int) -> "Features":
        """The features of the first ``count`` images."""
        return replace(
            self,
            pooled=self.pooled[:count],
            logits=None if self.logits is None else self.logits[:count],
            labels=None if self.labels is None else self.labels[:count],
            codes=None if self.codes is None else self.codes[:count],
            groups=None if self.groups is None else self.groups[:count],
        )

    def class_logits(self) -> np.ndarray:
        """The logits; raises EvaluationError where the extractor gives none."""
        if self.logits is None:
            raise EvaluationError("these features have no logits: the extractor does not classify.")
        return self.logits


class Extractor(Protocol):
    """Loaded weights that turn images into features."""

    sha256: str

    def features(self, images: np.ndarray, batch_size: int = 100) -> Features:
        """Features of uint8 images (n, channels, height, width)."""
        ...


class Input(Spec):
    """What an extractor's network sees: the side in pixels (None: as it is) and the resize."""

    size: int | None
    resize: str


@dataclass(frozen=True)
class Moments:
    """Mean (d,) and unbiased covariance (d, d) of features, in float64."""

    mean: np.ndarray
    covariance: np.ndarray


def moments(pooled: np.ndarray) -> Moments | None:
    """The moments of features (n, d), summed in float64; None for d > ``MOST_FEATURES``."""
    if pooled.shape[1] > MOST_FEATURES:
        return None
    exact = np.asarray(pooled, dtype=np.float64)
    return Moments(exact.mean(axis=0), np.atleast_2d(np.cov(exact, rowvar=False)))


@dataclass(frozen=True)
class Reference:
    """Real images as an extractor sees them: what generated images are measured against.

    extractor : the name that protocols use, for example ``efficientnet_lite0_112``.
    dataset, split, shape, classes : of the images; ``labels`` are theirs, int64 (n,).
    moments : of the pooled features; None where these are too many.
    weights : the extractor's own weights where the suite trained it on the data set, else empty.
    artificial : float32 (n, k), class probabilities by the labeller of the run that is scored; None
        where no metric asks for them, and in storage.
    """

    extractor: str
    extractor_sha256: str
    dataset: str
    split: str
    shape: ImageShape
    classes: int
    features: Features
    moments: Moments | None
    labels: np.ndarray
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    artificial: np.ndarray | None = None

    @property
    def n(self) -> int:
        """How many images were measured."""
        return len(self.features)

    def images(self) -> np.ndarray:
        """The images, uint8 (n, *shape), where the features are their pixels.

        Raises
        ------
        EvaluationError
            When the extractor is another one.
        """
        if self.extractor != "pixels":
            raise EvaluationError(
                f"{self.dataset}.{self.split}: the images themselves were asked for, but the "
                f"extractor {self.extractor} keeps only features. Use the extractor 'pixels'."
            )
        unit = self.features.pooled.reshape(self.n, *self.shape)
        return np.asarray((unit * 255.0).round().astype(np.uint8))

    @cached_property
    def sha256(self) -> str:
        """A hash of what was measured, of what, and with what."""
        about = (self.extractor, self.extractor_sha256, self.dataset, self.split, str(self.n))
        digest = hashlib.sha256("\n".join(about).encode())
        for values in (self.features.pooled, self.features.logits, self.labels):
            digest.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def some(self, count: int | None) -> "Reference":
        """``count`` of the images, drawn once and for all: always the same ones; None for all.

        Raises
        ------
        EvaluationError
            When there are fewer images than that.
        """
        if count is None or count == self.n:
            return self
        if count > self.n:
            raise EvaluationError(
                f"{self.dataset}.{self.split}: {count} reference images were asked for, but the "
                f"split has {self.n}. Lower reference_count in the protocol, or set it to null."
            )
        chosen = np.sort(numpy_generator(0, "reference").choice(self.n, count, replace=False))
        logits = None if self.features.logits is None else self.features.logits[chosen]
        features = Features(self.features.pooled[chosen], logits)
        return replace(
            self, features=features, moments=moments(features.pooled), labels=self.labels[chosen]
        )


def find_extractor(name: str) -> tuple[ModuleType, Any]:
    """The module under ``features/`` and the settings that an extractor's name stands for.

    A name is a kind, or a kind, ``_``, and what the module's ``named`` makes settings of; where the
    module has no such function, an input size: ``efficientnet_lite0_112``.

    Raises
    ------
    UnknownKindError
        When there is no such kind.
    ConfigurationError
        When there is, but not with these settings.
    """
    kind = kind_of(name, kinds.names("features"))
    module, rest = kinds.find("features", kind), name.removeprefix(kind)
    try:
        given = getattr(module, "named", _sized)(rest[1:]) if rest else {}
        return module, module.Settings(**given)
    except ValueError as error:
        model = module.Settings
        faults = checking.explain(error, model) if isinstance(error, ValidationError) else [error]
        shown = " ".join(map(str, faults))
        raise ConfigurationError(f"features: the extractor {name!r} cannot be: {shown}") from error


def kind_of(name: str, known: Iterable[str]) -> str:
    """The longest kind that an extractor's name starts with; the name itself where none fits.

    >>> kind_of("b_c_64", ["b", "b_c"]), kind_of("bc", ["b", "b_c"])
    ('b_c', 'bc')
    """
    fitting = [kind for kind in known if f"{name}_".startswith(f"{kind}_")]
    return max(fitting, key=len, default=name)


def _sized(rest: str) -> dict[str, Any]:
    if not rest.isdecimal():
        raise ValueError(f"behind its kind, an input size is expected, got {rest!r}.")
    return {"input_size": int(rest)}


def unsupervised(extractor: str) -> str:
    """The extractor's name; refused where the data set's own labels trained it.

    Weak labels of an unsupervised row that come from such a network would be labels in disguise.

    Raises
    ------
    ValueError
        Saying what to take instead; the settings' validation shows it with its place.
    """
    if find_extractor(extractor)[0].SEES_LABELS != "none":
        raise ValueError(
            f"{extractor!r} was trained with the data set's labels, which these labels must not "
            "know. Take an extractor that was not, or labels of kind pseudo_labels"
        )
    return extractor


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_sha256(weights: "Mapping[str, np.ndarray | Tensor]") -> str:
    """A hash of named arrays or tensors: their names, types, shapes and bytes, in name order."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        values = np.ascontiguousarray(np.asarray(weights[name]))
        digest.update(f"{name} {values.dtype} {values.shape}\n".encode())
        digest.update(values.reshape(-1).view(np.uint8).data)  # no copy: images may be mapped
    return digest.hexdigest()
