"""A map of the codes that a generator was given, and of what was seen in its samples."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.drawing import SnapshotImages, codes_of, threads
from gan_repro.errors import EvaluationError
from gan_repro.kinds import Spec
from gan_repro.measuring import Reference, weights_sha256
from gan_repro.runs import CODES_SPLIT, RunSpec
from gan_repro.scoring import extractor_of

if TYPE_CHECKING:
    from torch import Tensor

CLASSIFIER = "classifier"
"""The extractor whose answers say what a sample shows."""
IMAGES = 2000
"""Enough to see clusters; the Barnes-Hut approximation takes a minute for them."""
PERPLEXITY = 30.0
"""scikit-learn's; lower where there are fewer than 91 images."""
SEED = 0
DECIMALS = 3


class Embedding(Spec):
    """Test images as points in the plane, and a sample for each of them; no times.

    snapshot : the round whose generator made the samples.
    size : how many classes the data set has.
    x, y : where an image's code lies.
    classes : of the images; ``answers``: what the classifier sees in the samples.
    """

    run: str
    snapshot: int
    perplexity: float
    codes_sha256: str
    classifier_sha256: str
    checkpoint_sha256: str
    size: int
    x: list[float]
    y: list[float]
    classes: list[int]
    answers: list[int]


def embed(
    run: dict[str, Any],
    snapshots: "Mapping[str, Tensor]",
    *references: Reference,
    images: int = IMAGES,
) -> dict[str, Any]:
    """An ``Embedding`` as JSON: t-SNE of codes, and samples of the last snapshot.

    references : the test images as the run's encoder sees them, and as the data set's classifier
        does.
    images : at most so many; the first that scores with sampling seed 0 take, too.

    Raises
    ------
    EvaluationError
        When the run's samples are not made from codes, a reference or the last snapshot is
        missing, or the extractor of a reference has changed.
    """
    spec = RunSpec.model_validate(run)
    codes, classifier = codes_of(spec, references), _classifier(spec, references)
    made = SnapshotImages(spec, snapshots, classifier.shape, classifier.classes, codes)
    last, count = spec.snapshot_rounds[-1], min(images, classifier.n)
    with threads(spec.engine.threads):
        drawn = made.draw(last, count, SEED, averaged=False)
    if codes is None or drawn.labels.ndim != 1:  # soft ones are generated, not fed
        raise EvaluationError(
            f"{spec.key}: {spec.method['kind']} with labels of kind {spec.labels.kind!r} makes its "
            "samples without codes, and only codes that were fed can be embedded. Leave the run "
            "out of the figures' embedding.runs."
        )
    seen = extractor_of(classifier).features(drawn.images)
    x, y = _places(codes.rows[codes.places(count, SEED)], _perplexity(count)).T
    return Embedding(
        run=spec.key,
        snapshot=last,
        perplexity=_perplexity(count),
        codes_sha256=weights_sha256({"codes": codes.rows}),
        classifier_sha256=classifier.extractor_sha256,
        checkpoint_sha256=made.sha256(last),
        size=classifier.classes,
        x=x.tolist(),
        y=y.tolist(),
        classes=drawn.labels.tolist(),
        answers=seen.class_logits().argmax(axis=1).tolist(),
    ).model_dump(mode="json")


def _classifier(run: RunSpec, references: Iterable[Reference]) -> Reference:
    """The data set's classifier's view of the test images."""
    for seen in references:
        if (seen.extractor, seen.split) == (CLASSIFIER, CODES_SPLIT):
            return seen
    raise EvaluationError(
        f"{run.key}: an embedding shows what the {CLASSIFIER!r} of {run.dataset} sees in samples, "
        f"and there is no such reference of the split {CODES_SPLIT!r}. Measure it: "
        "kedro run --pipelines reference"
    )


def _perplexity(count: int) -> float:
    return min(PERPLEXITY, (count - 1) / 3)


def _places(codes: np.ndarray, perplexity: float) -> np.ndarray:
    """t-SNE (van der Maaten 2014) of codes (n, d) by L2 distance: (n, 2), in float64.

    In one thread: in several, sums depend on which ends first, and the map on the sums.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        found = TSNE(perplexity=perplexity, init="pca", random_state=SEED).fit_transform(codes)
    places: np.ndarray = found.astype(np.float64).round(DECIMALS)
    return places
