"""What a data set is said to be (conf/datasets/<name>.yml), and whether an ImageSet is that."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from gan_repro import checking, kinds
from gan_repro.errors import DataError
from gan_repro.images import MISSING, ImageSet, ImageShape
from gan_repro.kinds import Spec


class FileFacts(Spec):
    """A raw file: its length in bytes and its sha256."""

    bytes: int = Field(gt=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class SplitFacts(Spec):
    """A split: how many images, the fingerprint of its pixels and labels, whether it has labels.

    count : None where it is not known; the raw files' sha256 then guard it alone.
    fingerprint : optional.
    labelled : false where every label is ``MISSING``.
    """

    count: int | None = Field(gt=0)
    fingerprint: str | None = None
    labelled: bool = True


class DataCard(Spec):
    """Where a data set comes from and what it holds.

    shape : channels, height, width.
    classes : one name a class, in the order of the labels; or how many there are, where their names
        are those of folders.
    named : whether the names are given.
    sources : tried in order; each names a ``kind`` under ``sources/`` and that kind's settings.
    files : raw files by name; empty for a data set that a dependency embeds, or that is read where
        it lies.
    unguarded : why nothing but their number guards its images; empty where hashes do.
    """

    title: str
    citation: str
    licence: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...] = Field(min_length=2)
    named: bool = True
    splits: dict[str, SplitFacts]
    sources: tuple[dict[str, Any], ...] = ()
    files: dict[str, FileFacts] = Field(default_factory=dict)
    unguarded: str = ""

    @model_validator(mode="before")
    @classmethod
    def _numbered(cls, content: Any) -> Any:
        count = content.get("classes") if isinstance(content, Mapping) else None
        if not isinstance(count, int):
            return content
        return {**content, "classes": [str(c) for c in range(count)], "named": False}

    @field_validator("sources")
    @classmethod
    def _known(cls, sources: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for source in sources:
            source_settings(source)
        return sources

    @property
    def room(self) -> int:
        """Bytes that fetching needs at most: a package, what it unpacks to, and a checked copy."""
        return 3 * sum(facts.bytes for facts in self.files.values())


def read_card(name: str, conf_root: Path) -> DataCard:
    """The card of the data set ``name``; raises ConfigurationError naming all faults at once."""
    kinds.find("datasets", name)
    path = Path(conf_root) / "datasets" / f"{name}.yml"
    return checking.parse(DataCard, checking.read_yaml(path), path)


def source_settings(source: dict[str, Any]) -> Any:
    """The checked ``Settings`` of a source."""
    module = kinds.find("sources", str(source.get("kind")))
    return module.Settings(**{k: v for k, v in source.items() if k != "kind"})


def histogram(images: ImageSet) -> list[int]:
    """How many images each class has; labels that are missing are not counted."""
    given = images.labels[images.labels != MISSING]
    return [int(count) for count in np.bincount(given, minlength=images.classes)]


def fingerprint(images: ImageSet) -> str:
    """sha256 over the pixels, then the labels as little-endian int64."""
    digest = hashlib.sha256(np.ascontiguousarray(images.images).data)
    digest.update(np.ascontiguousarray(images.labels, dtype="<i8").data)
    return digest.hexdigest()


def check(images: ImageSet, card: DataCard, split: str) -> ImageSet:
    """``images`` itself, if it is what the card says of ``split``.

    Raises
    ------
    DataError
        With every fault: another size, count or list of classes, labels out of range, a class
        without images, or one label for all (a folder level mistaken for a class), labels in a
        split that is not labelled, other content.
    """
    faults = _size_faults(images, card, split) + _label_faults(images, card, split)
    expected = card.splits[split].fingerprint if split in card.splits else None
    if not faults and expected and fingerprint(images) != expected:
        faults = [f"its content has fingerprint {fingerprint(images)}, expected {expected}"]
    if faults:
        raise DataError(
            "\n".join(f"{card.title}, split {split!r}: {fault}" for fault in faults)
            + "\nThe raw files are not this data set, or are damaged: fetch them again."
        )
    return images


def _size_faults(images: ImageSet, card: DataCard, split: str) -> list[str]:
    faults = []
    if split not in card.splits:
        return [f"there is no such split; known: {', '.join(card.splits)}"]
    count = card.splits[split].count
    if count is not None and len(images) != count:
        faults.append(f"it has {len(images)} images, expected {count}")
    if images.shape != ImageShape(*card.shape):
        faults.append(
            f"its images are {_text(images.shape)} (channels x height x width), "
            f"expected {_text(card.shape)}"
        )
    return faults


def _label_faults(images: ImageSet, card: DataCard, split: str) -> list[str]:
    classes = len(card.classes)
    others = card.named and images.names and images.names != card.classes
    if images.classes != classes or others:
        return [f"its {images.classes} classes {images.names} are not the {classes} of the card"]
    if len(images) == 0:
        return ["it is empty"]
    if split in card.splits and not card.splits[split].labelled:
        given = int(np.sum(images.labels != MISSING))
        return [f"{given} of its images have labels, expected none"] if given else []
    low, high = int(images.labels.min()), int(images.labels.max())
    if low < 0 or high >= classes:
        return [f"its labels lie in [{low}, {high}], expected [0, {classes - 1}]"]
    counts = histogram(images)
    if max(counts) == len(images):
        return [
            f"every image has the label {counts.index(max(counts))}: a folder level too many or "
            "too few was probably taken for the class; expected all "
            f"{classes} classes to occur"
        ]
    absent = [name for name, count in zip(card.classes, counts, strict=True) if not count]
    return [f"no image is of class {', '.join(absent)}; label counts: {counts}"] if absent else []


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape)
