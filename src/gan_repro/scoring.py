"""One run's snapshots, sampled and looked at: what every protocol needs, done once."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gan_repro import sheets
from gan_repro.errors import EvaluationError
from gan_repro.images import ImageSet
from gan_repro.measuring import Extractor, Features, Reference, find_extractor, weights_sha256
from gan_repro.protocols import Protocol, metrics_of
from gan_repro.runs import RunSpec

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


@dataclass
class Scorer:
    """Scores one run's snapshots; loads each extractor once, and keeps the last samples.

    references : by the name of the protocol that uses them.
    """

    run: RunSpec
    snapshots: "Mapping[str, Tensor]"
    references: Mapping[str, Reference]
    extractors: dict[str, Extractor] = field(default_factory=dict)
    last_samples: ImageSet | None = None

    def score(
        self, played: int, protocols: list[Protocol]
    ) -> Iterator[tuple[Protocol, dict[str, float]]]:
        """Each protocol's numbers by metric name."""
        for seed, averaged in sorted({(p.sampling_seed, p.averaged) for p in protocols}):
            together = [p for p in protocols if (p.sampling_seed, p.averaged) == (seed, averaged)]
            seen = self._features(played, together)
            for protocol in together:
                yield protocol, self._values(protocol, seen.get(protocol.extractor))

    def _features(self, played: int, protocols: list[Protocol]) -> dict[str, Features]:
        """By extractor: features of as many samples as any of the protocols needs."""
        most: dict[str, int] = {}
        for protocol in protocols:
            most[protocol.extractor] = max(most.get(protocol.extractor, 0), protocol.samples)
        if not any(most.values()):
            return {}
        images = self._sample(played, max(most.values()), protocols[0])
        self.last_samples = images
        return {
            name: self._extractor(name).features(images.images[:count])
            for name, count in most.items()
            if count
        }

    def _sample(self, played: int, count: int, protocol: Protocol) -> ImageSet:
        from gan_repro import sampling

        some = self.references[protocol.name]
        # PyTorch draws normal numbers in sixteens: of a multiple of 16, the first ones are the same
        # however many follow, so a score does not depend on which other protocols are asked for
        drawn = sampling.sample(
            self.run,
            self.snapshots,
            played,
            some.shape,
            some.classes,
            -(-count // 16) * 16,
            seed=protocol.sampling_seed,
            averaged=protocol.averaged,
        )
        return drawn.first(count)

    def _extractor(self, name: str) -> Extractor:
        if name not in self.extractors:
            module, settings = find_extractor(name)
            reference = next(r for r in self.references.values() if r.extractor == name)
            loaded: Extractor = module.load(settings, reference.weights)
            if loaded.sha256 != reference.extractor_sha256:
                raise EvaluationError(
                    f"{name}: the weights (sha256 {loaded.sha256}) are not those that measured "
                    f"the reference ({reference.extractor_sha256}). Measure it again: "
                    "kedro run --pipelines reference"
                )
            self.extractors[name] = loaded
        return self.extractors[name]

    def _values(self, protocol: Protocol, seen: Features | None) -> dict[str, float]:
        features = None if seen is None else seen.first(protocol.samples)
        found: dict[str, float] = {}
        for module, settings in metrics_of(protocol):
            found |= module.compute(settings, features, self.references[protocol.name])
        wrong = [name for name, value in found.items() if not np.isfinite(value)]
        if wrong:
            raise EvaluationError(
                f"{self.run.key}: {protocol.name}: {wrong[0]} is {found[wrong[0]]}, expected a "
                "finite number. Look at the run's samples and losses."
            )
        return found

    def checkpoint_sha256(self, rounds: tuple[int, ...]) -> str:
        """The hash of a snapshot, or of several snapshots' hashes."""
        hashes = [weights_sha256(of_round(self.snapshots, played)) for played in rounds]
        joined = "\n".join(hashes).encode()
        return hashes[0] if len(hashes) == 1 else hashlib.sha256(joined).hexdigest()

    def sheet(self) -> "Image":
        """The last samples, or the classifications of a run that makes none."""
        if self.last_samples is not None:
            return sheets.samples(self.last_samples)
        return sheets.classifications(next(iter(self.references.values())))


def of_round(snapshots: "Mapping[str, Tensor]", played: int) -> "dict[str, Tensor]":
    """What was kept after one round."""
    return {key: v for key, v in snapshots.items() if int(key.split("/")[0]) == played}
