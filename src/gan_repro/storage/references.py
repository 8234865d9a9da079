"""Kedro data set of a ``Reference``: one npz file, moments, if any, in float64."""

import io
import json
import zipfile
from typing import Any

import numpy as np

from gan_repro.atomic import write_bytes
from gan_repro.errors import DataError
from gan_repro.images import ImageShape
from gan_repro.measuring import Features, Moments, Reference
from gan_repro.storage._file import FileDataset

WEIGHTS = "weights/"
ABOUT = ("extractor", "extractor_sha256", "dataset", "split", "shape", "classes")


class ReferenceDataset(FileDataset[Reference, Reference]):
    """A reference in the file ``filepath``; the same reference gives the same bytes."""

    def save(self, data: Reference) -> None:
        """Write the file, whole or not at all."""
        about = {name: getattr(data, name) for name in ABOUT}
        arrays: dict[str, Any] = {
            "pooled": data.features.pooled,
            "labels": data.labels,
            **(vars(data.moments) if data.moments else {}),
            "about": np.array(json.dumps(about)),
            **{WEIGHTS + name: values for name, values in data.weights.items()},
        }
        if data.features.logits is not None:
            arrays["logits"] = data.features.logits
        file = io.BytesIO()
        np.savez(file, **arrays)
        write_bytes(self.filepath, file.getvalue())

    def load(self) -> Reference:
        """Read the file; raises DataError when it is not a reference's."""
        try:
            # opened here, since np.load leaves a damaged file open
            with self.filepath.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                return _reference({name: file[name] for name in file.files})
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{self.filepath}: not a reference, or a damaged one ({error}). "
                "Delete it and measure again: kedro run --pipelines reference"
            ) from error


def _reference(arrays: dict[str, np.ndarray]) -> Reference:
    about = json.loads(arrays["about"].item())
    shape = ImageShape(*about.pop("shape"))
    return Reference(
        **about,
        shape=shape,
        features=Features(arrays["pooled"], arrays.get("logits")),
        moments=Moments(arrays["mean"], arrays["covariance"]) if "mean" in arrays else None,
        labels=arrays["labels"],
        weights={
            name.removeprefix(WEIGHTS): values
            for name, values in arrays.items()
            if name.startswith(WEIGHTS)
        },
    )
