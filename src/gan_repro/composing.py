"""Runs that are made of other runs: several models as one, and the best of several settings."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gan_repro.drawing import ALONE, RUNNING, SnapshotImages
from gan_repro.errors import EvaluationError
from gan_repro.evaluation import Scores, label_marginal, scored
from gan_repro.images import ImageSet, ImageShape, LabelSet
from gan_repro.layouts import Groups
from gan_repro.measuring import Reference
from gan_repro.normalisation import Normalisation
from gan_repro.randomness import numpy_generator, seed_for
from gan_repro.runs import RunSpec

if TYPE_CHECKING:
    from torch import Tensor


class Part(NamedTuple):
    """A run that another is made of."""

    run: RunSpec
    snapshots: "Mapping[str, Tensor]"
    labels: LabelSet


class JointImages:
    """Images of several generators as if one had made them, each of classes of its own.

    parts : the generators' images, whose labels are places in ``classes`` of the same part.
    classes : of each part, int64 (k,), numbers among all ``size`` classes.
    """

    def __init__(
        self, key: str, parts: Sequence[SnapshotImages], classes: Sequence[np.ndarray], size: int
    ) -> None:
        self.key, self.parts, self.classes, self.size = key, parts, classes, size
        together = set.intersection(*(set(part.kept) for part in parts))
        self.kept = tuple(sorted(together))

    def called(self, played: int) -> int:
        """The round, which all parts have played."""
        return played

    def draw(
        self, played: int, count: int, seed: int, averaged: bool, groups: Groups = ALONE,
        normalisation: Normalisation = RUNNING,
    ) -> ImageSet:  # fmt: skip
        """Images of all classes evenly: a part is drawn by how many classes it has.

        Each part has latents of its own, or samples of all parts would share theirs.

        Raises
        ------
        EvaluationError
            When samples were to share inputs, which lie in different generators.
        """
        if groups.held:
            raise EvaluationError(
                f"{self.key}: samples of several generators cannot share "
                f"{' and '.join(map(repr, groups.held))}. Choose a protocol without held inputs."
            )
        shares = np.array([len(own) for own in self.classes]) / self.size
        draws = numpy_generator(seed, "sampling/parts")
        chosen = draws.choice(len(self.parts), size=count, p=shares / shares.sum())
        images: np.ndarray | None = None
        labels = np.zeros(count, dtype=np.int64)
        for place, (part, own) in enumerate(zip(self.parts, self.classes, strict=True)):
            rows = np.flatnonzero(chosen == place)
            if not len(rows):
                continue
            own_seed = seed_for(seed, f"sampling/part/{place}")
            drawn = part.draw(played, len(rows), own_seed, averaged, ALONE, normalisation)
            if images is None:
                images = np.zeros((count, *drawn.shape), dtype=np.uint8)
            images[rows], labels[rows] = drawn.images, own[drawn.labels]
        assert images is not None
        return ImageSet(images, labels, self.size)

    def codes(self, count: int, seed: int) -> None:
        """None: the parts are told classes."""

    def label(self, played: int, images: np.ndarray, classes: int) -> np.ndarray:
        """Raises EvaluationError: the parts have no labeller together."""
        raise EvaluationError(
            f"{self.key}: artificial labels were asked for, but several generators have no "
            "labeller in common. Choose a protocol without metrics of artificial labels."
        )

    def sha256(self, played: int) -> str:
        """Over the parts' hashes."""
        joined = "\n".join(part.sha256(played) for part in self.parts)
        return hashlib.sha256(joined.encode()).hexdigest()


def evaluate_ensemble(
    run: dict[str, Any],
    names: list[str],
    protocols: Mapping[str, Any],
    parts: Mapping[str, Any],
    *loaded: Any,
) -> Scores:
    """Score rows of models of few classes each as of one model, and a sheet of its samples.

    parts : their keys, as ``runs``.
    loaded : each part's run, snapshots and labels, one after the other; then the references.

    Raises
    ------
    EvaluationError
        When two parts have the same class, or all together not every class.
    """
    spec = RunSpec.model_validate(run)
    models, references = _split(loaded, len(parts["runs"]))
    shape, size = references[0].shape, references[0].classes
    classes = [np.array(model.labels.manifest["classes"], dtype=np.int64) for model in models]
    if sorted(c for own in classes for c in own.tolist()) != list(range(size)):
        raise EvaluationError(
            f"{spec.key}: its parts have the classes {[own.tolist() for own in classes]}, expected "
            f"each of {size} once. Make their labels again: kedro run --pipelines labels"
        )
    images = [_images(model, shape, size) for model in models]
    return scored(spec, names, protocols, JointImages(spec.key, images, classes, size), references)


def evaluate_selected(
    run: dict[str, Any],
    names: list[str],
    protocols: Mapping[str, Any],
    parts: Mapping[str, Any],
    *loaded: Any,
) -> Scores:
    """Score rows of the best of several runs, and a sheet of its samples.

    parts : their keys, as ``runs``, and the ``protocol``, ``metric`` and way (``better``) by which
        one is selected, as ``select``.
    loaded : each part's run, snapshots and labels, one after the other; then all their score rows;
        then the references.

    The first protocol also tells ``selected_setting``, the place of the best run among all, and
    ``selection_score``, what it was selected by.
    """
    spec, count = RunSpec.model_validate(run), len(parts["runs"])
    scores = loaded[3 * count : 4 * count]
    models, references = _split((*loaded[: 3 * count], *loaded[4 * count :]), count)
    found = [
        _selecting(key, rows, parts["select"])
        for key, rows in zip(parts["runs"], scores, strict=True)
    ]
    way = 1 if parts["select"]["better"] == "higher" else -1
    best = int(np.argmax(way * np.array(found)))
    model, classes = models[best], references[0].classes
    marginal = label_marginal(model.labels.labels, model.run.labels.size(classes))
    images = _images(model, references[0].shape, classes)
    rows, sheet = scored(spec, names, protocols, images, references, marginal)
    told = {"selected_setting": float(best), "selection_score": found[best]}
    return [*rows, *({**rows[0], "metric": m, "value": v} for m, v in told.items())], sheet


def _split(loaded: Sequence[Any], count: int) -> tuple[list[Part], tuple[Reference, ...]]:
    """The parts, of three entries each, and the references behind them."""
    parts = [
        Part(RunSpec.model_validate(loaded[3 * i]), loaded[3 * i + 1], loaded[3 * i + 2])
        for i in range(count)
    ]
    return parts, tuple(loaded[3 * count :])


def _images(part: Part, shape: ImageShape, classes: int) -> SnapshotImages:
    return SnapshotImages(part.run, part.snapshots, shape, classes)


def _selecting(key: str, rows: Sequence[Mapping[str, Any]], by: Mapping[str, Any]) -> float:
    """What a run is judged by: the protocol's mean over snapshots, or else its last snapshot."""
    asked = (by["protocol"], by["metric"])
    wanted = [row for row in rows if (row["protocol"], row["metric"]) == asked]
    if not wanted:
        raise EvaluationError(
            f"{key}: has no {by['metric']} under {by['protocol']}, by which the best of several "
            "runs is selected. Score it again, or correct selection.metric of the family."
        )
    means = [row for row in wanted if isinstance(row["snapshot"], str)]
    return float((means or [max(wanted, key=lambda row: row["snapshot"])])[0]["value"])
