"""Named protocols applied to a run's snapshots: score rows, and a sheet of samples."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro import memory, score_rows
from gan_repro import protocols as protocol_files
from gan_repro.drawing import Images, RealImages, SnapshotImages, codes_of, of_round, threads
from gan_repro.errors import EvaluationError
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.measuring import Extractor, Reference, find_extractor, moments
from gan_repro.protocols import Protocol
from gan_repro.runs import RunSpec
from gan_repro.scoring import Scorer

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

LAST_FIVE = 5
log = logging.getLogger(__name__)


def measure(
    images: ImageSet,
    extractor: str,
    dataset: str,
    split: str,
    weights: "Mapping[str, Tensor] | None" = None,
) -> Reference:
    """Real images as an extractor sees them.

    weights : the snapshots of the extractor's run, where the suite trains it on the data set.
    """
    module, settings = find_extractor(extractor)
    own = _last_snapshot(weights or {}) if module.TRAINED_HERE else {}
    loaded: Extractor = module.load(settings, own)
    with memory.kept():
        features = loaded.features(images.images)
    return Reference(
        extractor=extractor,
        extractor_sha256=loaded.sha256,
        dataset=dataset,
        split=split,
        shape=images.shape,
        classes=images.classes,
        features=features,
        moments=moments(features.pooled),
        labels=np.array(images.labels),
        weights=own,
    )


Scores = tuple[list[dict[str, Any]], "Image"]


def evaluate(
    run: dict[str, Any],
    names: list[str],
    protocols: Mapping[str, Any],
    snapshots: "Mapping[str, Tensor]",
    labels: LabelSet,
    *references: Reference,
) -> Scores:
    """Score rows of a run by every named protocol, and a sheet of its last snapshot's samples.

    labels : those that the run trained on.
    references : the protocols', and where the labels are codes, their extractor's view of the test
        images, whose codes are the conditions of samples.

    Samples are drawn once a snapshot and seed, and seen once by each extractor; a protocol takes
    as many of them, from the first on, as it asks for. A run that makes no images gets a sheet
    that shows its classifications.

    Raises
    ------
    ConfigurationError
        For a protocol that does not exist, or cannot be.
    EvaluationError
        When a reference or a snapshot is missing or does not fit, or a score is not finite.
    """
    spec = RunSpec.model_validate(run)
    first, codes = references[0], codes_of(spec, references)
    images = SnapshotImages(spec, snapshots, first.shape, first.classes, codes)
    marginal = label_marginal(labels.labels, spec.labels.size(first.classes))
    return scored(spec, names, protocols, images, references, marginal)


def calibrate(
    run: dict[str, Any],
    names: list[str],
    protocols: Mapping[str, Any],
    images: ImageSet,
    *references: Reference,
) -> Scores:
    """``evaluate`` with real images in the place of generated ones; nothing is trained."""
    spec = RunSpec.model_validate(run)
    return scored(spec, names, protocols, RealImages(spec, images), references)


def label_marginal(labels: np.ndarray, size: int) -> np.ndarray:
    """``measuring.Features.label_marginal`` (2, size) of the labels that are given; 0 if none is.

    labels : int64 (n,), ``MISSING`` where none is given, or float (n, size).
    """
    named = labels.argmax(axis=1) if labels.ndim == 2 else labels[labels != MISSING]
    shares = np.bincount(named, minlength=size) / max(1, len(named))
    mean = labels.mean(axis=0, dtype=np.float64) if labels.ndim == 2 else shares
    return np.stack([mean, shares])


def scored(
    spec: RunSpec,
    names: list[str],
    protocols: Mapping[str, Any],
    images: Images,
    references: tuple[Reference, ...],
    marginal: np.ndarray | None = None,
) -> Scores:
    """``evaluate`` for images from anywhere; ``marginal`` is of the labels that were trained on."""
    chosen = protocol_files.choose(names, protocols)
    scorer = Scorer(spec, images, _matched(spec, chosen, references), marginal)
    due = {p.name: due_rounds(p, spec, images.kept) for p in chosen}
    values: dict[tuple[str, int], dict[str, float]] = {}
    with threads(spec.engine.threads), memory.kept():
        for played in sorted(set().union(*due.values())):
            log.info("%s: scoring the snapshot of round %d", spec.key, played)
            now = [p for p in chosen if played in due[p.name]]
            for protocol, found in scorer.score(played, now):
                values[protocol.name, played] = found
    rows = [row for p in chosen for row in score_rows.of(p, due[p.name], values, scorer)]
    return [row.model_dump(mode="json") for row in rows], scorer.sheet()


def due_rounds(protocol: Protocol, run: RunSpec, kept: tuple[int, ...]) -> tuple[int, ...]:
    """The rounds whose snapshots a protocol scores, of those after which some were kept.

    Raises
    ------
    EvaluationError
        When the run keeps fewer than five snapshots, or one of them is missing.
    """
    asked = run.snapshot_rounds if protocol.snapshots == "all" else run.snapshot_rounds[-1:]
    if isinstance(protocol.snapshots, float):
        asked = (run.round_at(protocol.snapshots),)
    if protocol.snapshots == "last_five_epochs":
        if len(run.snapshots) < LAST_FIVE:
            raise EvaluationError(
                f"{run.key}: {protocol.name} is a mean over the last {LAST_FIVE} snapshots, but "
                f"the run keeps {len(run.snapshots)}. Add shares to its snapshots, one epoch apart."
            )
        # by shares, not by rounds: a short run's last shares may fall into the same round
        last = run.model_copy(update={"snapshots": run.snapshots[-LAST_FIVE:]})
        asked = last.snapshot_rounds
    missing = sorted(set(asked) - set(kept))
    if missing:
        raise EvaluationError(
            f"{run.key}: there is no snapshot of round {missing[0]}; kept are "
            f"{', '.join(map(str, kept))}. Train the run again."
        )
    return asked


def _matched(
    run: RunSpec, protocols: list[Protocol], references: tuple[Reference, ...]
) -> dict[str, Reference]:
    """The reference of each protocol, cut to the count it asks for."""
    given = {(r.dataset, r.extractor, r.split): r for r in references}
    matched = {}
    for protocol in protocols:
        wanted = (run.dataset, protocol.extractor, protocol.reference_split)
        if wanted not in given:
            known = ", ".join(".".join(key) for key in given) or "none"
            raise EvaluationError(
                f"{run.key}: {protocol.name} needs the reference {'.'.join(wanted)}; "
                f"given: {known}."
            )
        matched[protocol.name] = given[wanted].some(protocol.reference_count)
    return matched


def _last_snapshot(snapshots: "Mapping[str, Tensor]") -> dict[str, np.ndarray]:
    last = max((int(key.split("/")[0]) for key in snapshots), default=0)
    return {key: np.asarray(value) for key, value in of_round(snapshots, last).items()}
