"""One run's images, drawn and looked at: what every protocol needs, done once."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from gan_repro import sheets
from gan_repro.drawing import Images
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageSet
from gan_repro.layouts import Groups
from gan_repro.measuring import Extractor, Features, Reference, find_extractor
from gan_repro.normalisation import Normalisation
from gan_repro.protocols import Protocol, metrics_of
from gan_repro.runs import RunSpec

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 100
"""Real images on a sheet where no score looked at any."""


def extractor_of(reference: Reference) -> Extractor:
    """The extractor that measured a reference.

    Raises
    ------
    EvaluationError
        When its weights are others now.
    """
    module, settings = find_extractor(reference.extractor)
    loaded: Extractor = module.load(settings, reference.weights)
    if loaded.sha256 != reference.extractor_sha256:
        raise EvaluationError(
            f"{reference.extractor}: the weights (sha256 {loaded.sha256}) are not those that "
            f"measured the reference ({reference.extractor_sha256}). Measure it again: "
            "kedro run --pipelines reference"
        )
    return loaded


def _drawn_by(protocol: Protocol) -> tuple[int, bool, Groups, Normalisation]:
    """What samples depend on, besides the snapshot: seed, average, shared inputs, batch norms."""
    return protocol.sampling_seed, protocol.averaged, protocol.groups, protocol.normalisation


@dataclass
class Scorer:
    """Scores one run's images; loads each extractor once, and keeps the last samples.

    references : by the name of the protocol that uses them.
    label_marginal : of the labels that the run trained on, see ``measuring.Features``.
    """

    run: RunSpec
    images: Images
    references: Mapping[str, Reference]
    label_marginal: np.ndarray | None = None
    extractors: dict[str, Extractor] = field(default_factory=dict)
    last_samples: ImageSet | None = None

    def score(
        self, played: int, protocols: list[Protocol]
    ) -> Iterator[tuple[Protocol, dict[str, float]]]:
        """Each protocol's numbers by metric name."""
        for drawn in sorted({_drawn_by(p) for p in protocols}):
            together = [p for p in protocols if _drawn_by(p) == drawn]
            seen = self._features(played, together)
            for protocol in together:
                yield protocol, self._values(played, protocol, seen.get(protocol.extractor))

    def _features(self, played: int, protocols: list[Protocol]) -> dict[str, Features]:
        """By extractor: features of as many samples as any of the protocols needs."""
        most: dict[str, int] = {}
        for protocol in protocols:
            most[protocol.extractor] = max(most.get(protocol.extractor, 0), protocol.samples)
        if not any(most.values()):
            return {}
        first = protocols[0]
        most_of_all = max(most.values())
        groups = first.groups
        drawn = self.images.draw(played, most_of_all, *_drawn_by(first))
        if not groups.held:  # a sheet shows samples that share nothing
            self.last_samples = drawn
        # a method without labels gives all its images the one class 0
        labels = None if drawn.classes == 1 else drawn.labels
        # soft labels are generated with the images, which are then not made from codes; and those
        # that share codes are made from other ones than were drawn
        fed = drawn.labels.ndim == 1 and not groups.held
        codes = self.images.codes(most_of_all, first.sampling_seed) if fed else None
        return {
            name: replace(
                self._extractor(name).features(drawn.images[:count]),
                labels=None if labels is None else labels[:count],
                label_marginal=self.label_marginal,
                codes=None if codes is None else codes[:count],
                groups=groups.of(count),
            )
            for name, count in most.items()
            if count
        }

    def _extractor(self, name: str) -> Extractor:
        if name not in self.extractors:
            reference = next(r for r in self.references.values() if r.extractor == name)
            self.extractors[name] = extractor_of(reference)
        return self.extractors[name]

    def _values(
        self, played: int, protocol: Protocol, seen: Features | None
    ) -> dict[str, float]:  # fmt: skip
        features = None if seen is None else seen.first(protocol.samples)
        found: dict[str, float] = {}
        for module, settings in metrics_of(protocol):
            reference = self.references[protocol.name]
            if getattr(module, "NEEDS_LABELLER", False):
                reference = self._labelled(played, reference)
            found |= module.compute(settings, features, reference)
        wrong = [name for name, value in found.items() if not np.isfinite(value)]
        if wrong:
            raise EvaluationError(
                f"{self.run.key}: {protocol.name}: {wrong[0]} is {found[wrong[0]]}, expected a "
                "finite number. Look at the run's samples and losses."
            )
        return found

    def _labelled(self, played: int, reference: Reference) -> Reference:
        """The reference with what the run's own labeller says of its images."""
        said = self.images.label(played, reference.images(), reference.classes)
        return replace(reference, artificial=said)

    def checkpoint_sha256(self, rounds: tuple[int, ...]) -> str:
        """The hash of a snapshot, or of several snapshots' hashes."""
        hashes = [self.images.sha256(played) for played in rounds]
        joined = "\n".join(hashes).encode()
        return hashes[0] if len(hashes) == 1 else hashlib.sha256(joined).hexdigest()

    def sheet(self) -> "Image":
        """The last samples, or the classifications of a run that makes none.

        Real images of which no score needed any are shown all the same.
        """
        first = next(iter(self.references.values()))
        if self.last_samples is None and first.features.logits is not None:
            return sheets.classifications(first)
        shown = self.last_samples or self.images.draw(self.images.kept[-1], SHOWN, 0, False)
        by_class = self.run.labels.names_classes or self.run.labels.are_codes
        return sheets.samples(shown, by_class)
