"""JGAN's weak label: what an ImageNet network says of an image, reduced to a short distribution."""

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from gan_repro import weak_labels
from gan_repro.errors import ConfigurationError
from gan_repro.images import ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Features, Reference, find_extractor, unsupervised


class Settings(Spec):
    """What is reduced, and to how many entries.

    output : the text has class probabilities (section 3), the caption of Table 2 pool3.
    components : entries of a label (section 3).
    temperature : divides the components before the softmax; the paper has none, which is 1. There
        labels are close to uniform: a row of probabilities has at most length 1, and so have its
        components, so no entry of the label is more than exp(sqrt 2) = 4.1 times another.
    """

    extractor: str = "inception2015"
    output: Literal["probabilities", "logits", "pool3"] = "probabilities"
    components: int = Field(default=64, ge=2)
    temperature: float = Field(default=1.0, gt=0)
    seed: int = Field(default=0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _extractor_gives_the_output(self) -> Self:
        module, _ = find_extractor(unsupervised(self.extractor))
        if self.output != "pool3" and not module.CLASSIFIES:
            raise ValueError(
                f"{self.extractor!r} gives no {self.output}: it does not classify. "
                "Take an extractor that does, or output: pool3"
            )
        return self


def size(settings: Settings, classes: int) -> int:
    """The entries of a label."""
    return settings.components


def make(settings: Settings, images: ImageSet, seen: Reference) -> LabelSet:
    """l(x) = softmax(TSVD_k(p(x)) / T), float32 (n, k): Park 2019 (arXiv 1905.11574), section 3.

    p : all class probabilities of the extractor (1,008 of Inception's 2015 graph, from logits
    without bias as in improved-gan's score), or its other outputs. TSVD : the truncated singular
    value decomposition of these images' p, without centring.

    Raises
    ------
    ConfigurationError
        When there are fewer outputs or images than components.
    """
    weak_labels.check_view("svd_probabilities", settings.extractor, images, seen)
    outputs = _outputs(settings, seen.features)
    components, explained = _reduced(settings, outputs)
    rows = _softmax(components / settings.temperature).astype(np.float32)
    found = {
        "outputs": outputs.shape[1],
        "explained_variance_share": explained,
        "temperature": settings.temperature,
        **weak_labels.sharpness(rows),
    }
    return weak_labels.label_set(
        "svd_probabilities", settings, images, rows, settings.components, seen, found
    )


def _outputs(settings: Settings, features: Features) -> np.ndarray:
    """What is reduced, float64 (n, outputs)."""
    if settings.output == "pool3":
        return features.pooled.astype(np.float64)
    logits = features.class_logits().astype(np.float64)
    return logits if settings.output == "logits" else _softmax(logits)


def _reduced(settings: Settings, outputs: np.ndarray) -> tuple[np.ndarray, float]:
    """Components (n, k), and the share of the variance that they explain."""
    from sklearn.decomposition import TruncatedSVD

    count, columns = outputs.shape
    if settings.components > min(count, columns):
        raise ConfigurationError(
            f"labels.svd_probabilities: components is {settings.components}, but {count} images "
            f"have {columns} outputs of {settings.extractor}; expected at most "
            f"{min(count, columns)}. Ask for fewer components."
        )
    svd = TruncatedSVD(n_components=settings.components, random_state=settings.seed)
    components = svd.fit_transform(outputs)
    return components, float(svd.explained_variance_ratio_.sum())


def _softmax(values: np.ndarray) -> np.ndarray:
    from scipy.special import softmax

    return np.asarray(softmax(values, axis=1))
