"""Makes tiny data sets in the true on-disk formats, and cards that describe them."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import yaml
from PIL import Image
from scipy.io import savemat

IDX_FILES = tuple(
    f"{prefix}-{rest}"
    for prefix in ("train", "t10k")
    for rest in ("images-idx3-ubyte", "labels-idx1-ubyte")
)


def pixels(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def every_class(count: int, classes: int) -> np.ndarray:
    return np.arange(count) % classes


def idx_images(images: np.ndarray) -> bytes:
    return struct.pack(">4I", 2051, *images.shape) + images.tobytes()


def idx_labels(labels: np.ndarray) -> bytes:
    return struct.pack(">2I", 2049, len(labels)) + labels.astype(np.uint8).tobytes()


def write_idx(folder: Path, train: int = 20, test: int = 10, size: int = 28) -> None:
    """The four plain files of a tiny MNIST with 10 classes."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (prefix, count) in enumerate((("train", train), ("t10k", test))):
        images = pixels(count, size, size, seed=seed)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx_images(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx_labels(every_class(count, 10)))


def gzipped(folder: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        (to / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Pickles as the Python 2 and NumPy of 2009 did, which made CIFAR's batches."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def _save_text(self, text: Any) -> None:
        raw = text if isinstance(text, bytes) else text.encode("latin1")
        self.write(pickle.BINSTRING + struct.pack("<i", len(raw)) + raw)
        self.memoize(text)

    dispatch[str] = dispatch[bytes] = _save_text

    def save_global(self, obj: Any, name: str | None = None) -> None:
        if getattr(obj, "__name__", "") == "_reconstruct":
            self.write(pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n")
            self.memoize(obj)
        else:
            super().save_global(obj, name)

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, np.dtype):
            return NotImplemented
        make, (code, *_), state = obj.__reduce__()
        return make, (code, 0, 1), state

    dispatch[type(len)] = save_global


def python2_pickle(content: Any) -> bytes:
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(content)
    return file.getvalue()


def cifar_files(kind: str, names: list[str], train: int = 20, test: int = 10) -> dict[str, bytes]:
    """The members of a tiny CIFAR archive, by path; ``train`` images in each batch of CIFAR-10."""
    ten = kind == "cifar10"
    folder = "cifar-10-batches-py" if ten else "cifar-100-python"
    batches = [f"data_batch_{i}" for i in range(1, 6)] if ten else ["train"]
    counts = dict.fromkeys(batches, train) | {"test_batch" if ten else "test": test}
    files = {}
    for seed, (batch, count) in enumerate(counts.items()):
        labels = every_class(count, len(names)).tolist()
        content = {
            "batch_label": batch,
            "data": pixels(count, 3072, seed=seed),
            "filenames": [f"{i}.png" for i in range(count)],
            **({"labels": labels} if ten else {"fine_labels": labels, "coarse_labels": labels}),
        }
        files[f"{folder}/{batch}"] = python2_pickle(content)
    meta, key = ("batches.meta", "label_names") if ten else ("meta", "fine_label_names")
    files[f"{folder}/{meta}"] = python2_pickle({key: names})
    return files


def stl10_files(
    names: list[str], train: int = 20, test: int = 10, unlabeled: int = 30
) -> dict[str, bytes]:
    """The members of a tiny STL-10 archive: pixels column by column, labels from 1."""
    files = {}
    counts = {"test": test, "train": train, "unlabeled": unlabeled}
    for seed, (part, count) in enumerate(counts.items()):
        by_column = pixels(count, 3, 96, 96, seed=seed).transpose(0, 1, 3, 2)
        files[f"stl10_binary/{part}_X.bin"] = by_column.tobytes()
        if part != "unlabeled":
            labels = every_class(count, len(names)).astype(np.uint8) + 1
            files[f"stl10_binary/{part}_y.bin"] = labels.tobytes()
    files["stl10_binary/class_names.txt"] = "".join(f"{name}\n" for name in names).encode()
    files["stl10_binary/fold_indices.txt"] = b"0 1 2 3 \n" * 10
    return files


def svhn_file(count: int, seed: int = 0) -> bytes:
    """A tiny file of SVHN: X is height x width x channels x images, y from 1 to 10, 10 for 0."""
    content = {
        "X": pixels(count, 3, 32, 32, seed=seed).transpose(2, 3, 1, 0),
        "y": np.where(every_class(count, 10) == 0, 10, every_class(count, 10))[:, None],
    }
    return matlab(content)


def matlab(content: dict[str, np.ndarray]) -> bytes:
    """A compressed file of MATLAB's format 5, as SVHN's are."""
    file = io.BytesIO()
    savemat(file, content, do_compression=True)
    return file.getvalue()


CELEBA_HEAD = (
    "5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose "
    "Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee "
    "Gray_Hair Heavy_Makeup High_Cheekbones Male Mouth_Slightly_Open Mustache Narrow_Eyes "
    "No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns Smiling "
    "Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace "
    "Wearing_Necktie Young "
)


def jpeg(image: np.ndarray) -> bytes:
    """uint8 (height, width, 3) as a JPEG file whose pixels differ by little."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=98, subsampling=0)
    return file.getvalue()


def celeba_face(seed: int, height: int = 218, width: int = 178) -> bytes:
    """A JPEG of smooth random colours."""
    coarse = Image.fromarray(pixels(5, 4, 3, seed=seed))
    return jpeg(np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)))


def celeba_files(faces: list[tuple[int, set[str]]]) -> dict[str, bytes]:
    """CelebA's files by path, images unpacked; ``faces`` are parts (0, 1, 2) and attributes.

    All that torchvision asks for; identities, boxes and landmarks are zeros.
    """
    names = [f"{number:06}.jpg" for number in range(1, 1 + len(faces))]
    values = [
        "".join("  1" if attribute in own else " -1" for attribute in CELEBA_HEAD.split())
        for _, own in faces
    ]
    landmarks = [f"{eye}_{axis}" for eye in ("lefteye", "righteye", "nose") for axis in "xy"]
    lists = {
        "list_attr_celeba.txt": [
            str(len(faces)),
            CELEBA_HEAD,
            *(name + own for name, own in zip(names, values, strict=True)),
        ],
        "list_eval_partition.txt": [
            f"{n} {part}" for n, (part, _) in zip(names, faces, strict=True)
        ],
        "identity_CelebA.txt": [f"{name} 0" for name in names],
        "list_bbox_celeba.txt": [
            str(len(faces)),
            "image_id x_1 y_1 width height",
            *(f"{name}    0   0  0  0" for name in names),
        ],
        "list_landmarks_align_celeba.txt": [
            str(len(faces)),
            " ".join(landmarks),
            *(name + "  0" * len(landmarks) for name in names),
        ],
    }
    images = {f"img_align_celeba/{n}": celeba_face(seed) for seed, n in enumerate(names)}
    return images | {
        name: "".join(f"{line}\n" for line in own).encode() for name, own in lists.items()
    }


def write_celeba(folder: Path, files: dict[str, bytes], zipped: bool = True) -> None:
    """``celeba_files`` in a folder, the images in img_align_celeba.zip or unpacked."""
    folder.mkdir(parents=True, exist_ok=True)
    images = {name: content for name, content in files.items() if name.endswith(".jpg")}
    if zipped:
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in images.items():
                packed.writestr(name, content)
    for name, content in files.items():
        if not (zipped and name in images):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))


def write_card(conf: Path, name: str, raw: Path, sources: list[dict], **changes: Any) -> Path:
    """A card for the files in ``raw``, in the folder ``conf``, which is returned."""
    files = {
        path.name: {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(raw.iterdir())
    }
    card = {
        "title": f"Tiny {name}",
        "citation": "nobody",
        "licence": "none",
        "shape": [1, 28, 28],
        "classes": list("0123456789"),
        "splits": {"train": {"count": 20}, "test": {"count": 10}},
        "sources": sources,
        "files": files,
    }
    (conf / "datasets").mkdir(parents=True, exist_ok=True)
    (conf / "datasets" / f"{name}.yml").write_text(yaml.safe_dump(card | changes))
    return conf


def image_folder(root: Path, classes: tuple[str, ...], each: int, side: int = 140) -> Path:
    """A folder a class below train and val: JPEGs of one shade a class, with a little noise.

    each : pictures of a class below train; below val it has a quarter as many.
    """
    random = np.random.default_rng(0)
    for split, count in (("train", each), ("val", max(1, each // 4))):
        for number, name in enumerate(classes):
            (root / split / name).mkdir(parents=True)
            for place in range(count):
                shade = np.array([60 * number, 90, 30 * place % 200])
                picture = random.normal(0, 4, (side, side + 30, 3)) + shade
                file = root / split / name / f"{place:04}.jpg"
                Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, quality=95)
    return root
