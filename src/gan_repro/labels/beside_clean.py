"""The clean class and another label side by side: one is a condition, the other is generated."""

from types import ModuleType
from typing import Any

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gan_repro import checking, corruption, kinds, weak_labels
from gan_repro.images import MISSING, ImageSet, LabelSet
from gan_repro.kinds import Spec
from gan_repro.measuring import Reference


class Generated(Spec):
    """A kind under ``labels/`` and its settings, completed with that kind's defaults."""

    kind: str
    settings: dict[str, Any] = Field(default_factory=dict, validate_default=True)

    @field_validator("kind")
    @classmethod
    def _is_another_kind(cls, kind: str) -> str:
        if kinds.find("labels", kind).__name__ == __name__:
            raise ValueError(f"{kind} cannot stand beside itself. Take another kind of labels")
        return kind

    @field_validator("settings")
    @classmethod
    def _are_complete(cls, asked: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "kind" not in info.data:  # refused already
            return asked
        model: type[Spec] = kinds.find("labels", info.data["kind"]).Settings
        return checking.parse(model, asked, info.data["kind"]).model_dump(mode="json")

    def resolved(self) -> tuple[ModuleType, Spec]:
        """The kind's module and its validated settings."""
        module = kinds.find("labels", self.kind)
        return module, module.Settings(**self.settings)

    def size(self, classes: int) -> int:
        """The entries of the kind's label as a row."""
        module, settings = self.resolved()
        return int(module.size(settings, classes)) if hasattr(module, "size") else classes


class Settings(Spec):
    """generated : the label that stands beside the clean one."""

    generated: Generated


def size(settings: Settings, classes: int) -> int:
    """The entries of both labels together."""
    return classes + settings.generated.size(classes)


def make(settings: Settings, images: ImageSet, seen: Reference | None = None) -> LabelSet:
    """Rows [one-hot clean label | the other label's row], float32 (n, classes + its size).

    Park 2019 (arXiv 1905.11574), section 2: well-defined labels stay conditions while noisy or weak
    ones are generated. Hard labels become one-hot rows, ``MISSING`` ones rows of zeros.

    seen : goes to the other kind, where that looks at the images through an extractor.

    Raises
    ------
    DataError
        When the images' own labels are not complete, or the other kind's view is missing.
    """
    clean = corruption.clean_labels("beside_clean", images)
    module, inner = settings.generated.resolved()
    if not hasattr(inner, "extractor"):
        made, seen = module.make(inner, images), None
    else:
        weak_labels.check_view(settings.generated.kind, inner.extractor, images, seen)
        made = module.make(inner, images, seen)
    other = _rows(made.labels, settings.generated.size(images.classes))
    rows = np.concatenate([_rows(clean, images.classes), other], axis=1)
    found = {"condition_size": images.classes, "generated": made.manifest}
    return weak_labels.label_set("beside_clean", settings, images, rows, rows.shape[1], seen, found)


def _rows(labels: np.ndarray, size: int) -> np.ndarray:
    """Labels as rows, float32 (n, size)."""
    if labels.ndim == 2:
        return labels
    given = labels != MISSING
    rows = np.zeros((len(labels), size), dtype=np.float32)
    rows[given, labels[given]] = 1.0
    return rows
