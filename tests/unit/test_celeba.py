"""CelebA on a tiny archive in its true format: real JPEG files, real lists, zipped or unpacked."""

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny_archives as tiny
from gan_repro import datacard, fetching, kinds
from gan_repro.datasets import _celeba, celeba_gender_32, celeba_hair_32
from gan_repro.errors import DataError
from gan_repro.images import ImageSet

CONF = Path(__file__).parents[2] / "conf"
KINDS = [name for name in kinds.names("datasets") if name.startswith("celeba_")]
PARTS = {"train": 0, "valid": 1, "test": 2}

FACES: list[tuple[int, set[str]]] = [
    (0, {"Blond_Hair", "Young"}),
    (0, {"Black_Hair", "Male"}),
    (2, {"Gray_Hair", "Male"}),
    (0, {"Brown_Hair", "Black_Hair"}),  # two colours
    (1, {"Bald", "Male"}),
    (0, {"Smiling"}),  # none of the five
    (0, {"Bald", "Male", "5_o_Clock_Shadow"}),
    (2, {"Brown_Hair"}),
    (0, {"Gray_Hair", "Young"}),
    (1, {"Blond_Hair"}),
    (0, {"Brown_Hair", "Wavy_Hair"}),
]


def changed(folder: Path, name: str, old: bytes, new: bytes) -> Path:
    """``folder`` with a tiny CelebA in whose file ``name`` something is replaced."""
    files = tiny.celeba_files(FACES)
    assert old in files[name]
    tiny.write_celeba(folder, files | {name: files[name].replace(old, new, 1)})
    return folder


def by_torchvision(face: bytes, size: int) -> np.ndarray:
    from torchvision.transforms import v2

    middle = v2.Compose([v2.CenterCrop(178), v2.Resize(size, antialias=True)])
    with Image.open(io.BytesIO(face)) as picture:
        return np.asarray(middle(picture)).transpose(2, 0, 1)


# What is read


def test_there_are_two_kinds_of_classes_at_three_sizes() -> None:
    kept = {f"celeba_{labels}_{size}" for labels in ("gender", "hair") for size in (32, 64, 128)}
    assert set(KINDS) == kept


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "folder"])
def test_a_kind_reads_what_its_card_says(name: str, zipped: bool, tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES), zipped)
    card = datacard.read_card(name, CONF)
    kind, size = name.split("_")[1], int(name.rpartition("_")[2])
    for split, part in PARTS.items():
        images = kinds.find("datasets", name).read(tmp_path, split)
        assert (images.images.dtype, images.labels.dtype) == (np.uint8, np.int64)
        assert (tuple(images.shape), images.names) == (card.shape, card.classes)
        assert images.images.flags.c_contiguous
        places = [i for i, (own, _) in enumerate(FACES) if own == part]
        if kind == "hair":
            places = [i for i in places if i not in (3, 5)]
        expected = [by_torchvision(tiny.celeba_face(seed), size) for seed in places]
        np.testing.assert_array_equal(images.images, np.stack(expected))


def test_gender_is_the_attribute_male_and_nobody_is_dropped(tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES))
    for split, part in PARTS.items():
        images = celeba_gender_32.read(tmp_path, split)
        said = [images.names[label] for label in images.labels]
        expected = ["man" if "Male" in own else "woman" for at, own in FACES if at == part]
        assert said == expected


def test_hair_is_one_of_five_and_faces_with_none_or_two_are_dropped(tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES))
    said = {}
    for split in PARTS:
        images = celeba_hair_32.read(tmp_path, split)
        said[split] = [images.names[label] for label in images.labels]
    assert said == {
        "train": ["blond", "black", "bald", "gray", "brown"],
        "valid": ["bald", "blond"],
        "test": ["gray", "brown"],
    }


def test_torchvision_reads_the_same_faces_in_the_same_order(tmp_path: Path) -> None:
    from torchvision.datasets import CelebA

    tiny.write_celeba(tmp_path / "celeba", tiny.celeba_files(FACES), zipped=False)
    unchecked = type("CelebA", (CelebA,), {"_check_integrity": lambda _: True})
    for split in PARTS:
        theirs = unchecked(root=tmp_path, split=split)
        ours = celeba_gender_32.read(tmp_path / "celeba", split)
        male = theirs.attr_names.index("Male")
        for place, (picture, own) in enumerate(theirs):
            with picture, io.BytesIO() as file:
                picture.save(file, "PNG")
                expected = by_torchvision(file.getvalue(), 32)
            np.testing.assert_array_equal(ours.images[place], expected)
            assert ours.labels[place] == own[male]
        assert len(theirs) == len(ours) > 1


def test_a_face_loses_twenty_rows_above_and_twenty_below(tmp_path: Path) -> None:
    """Red is outside, the outermost rows inside are green, the middle pixel is at the middle."""
    image = np.full((218, 178, 3), 128, dtype=np.uint8)
    image[:20] = image[198:] = (255, 0, 0)
    image[20:28] = image[190:198] = (0, 255, 0)
    image[105:113, 85:93] = (0, 0, 255)
    files = tiny.celeba_files(FACES[:1])
    tiny.write_celeba(tmp_path, files | {"img_align_celeba/000001.jpg": tiny.jpeg(image)})
    (face,) = _celeba.read(_celeba.GENDER, 178, tmp_path, "train").images
    for row in (0, -1):
        np.testing.assert_allclose(face[:, row].mean(axis=1), (0, 255, 0), atol=16)
    blue = np.argwhere(face[2].astype(int) - face[0] > 128)
    np.testing.assert_array_equal([blue.min(axis=0), blue.max(axis=0)], [[85, 85], [92, 92]])
    (small,) = _celeba.read(_celeba.GENDER, 32, tmp_path, "train").images
    assert small[0].max() < 150, "no red is left"


def test_faces_are_read_into_one_array(tmp_path: Path) -> None:
    files = tiny.celeba_files([(0, {"Male"})] * 120)
    tiny.write_celeba(tmp_path, files)
    celeba_gender_32.read(tmp_path, "test")  # imports
    tracemalloc.start()
    try:
        images = _celeba.read(_celeba.GENDER, 128, tmp_path, "train")
        assert tracemalloc.get_traced_memory()[1] < 1.3 * images.images.nbytes
    finally:
        tracemalloc.stop()


def test_the_three_files_are_fetched_from_one_folder_for_every_kind(tmp_path: Path) -> None:
    files = tiny.celeba_files(FACES)
    wanted = ("img_align_celeba/", "list_attr", "list_eval")
    tiny.write_celeba(tmp_path / "celeba", {n: c for n, c in files.items() if n.startswith(wanted)})
    for name, count in {"celeba_gender_32": 7, "celeba_hair_64": None}.items():
        card = datacard.read_card(name, CONF)
        assert {"kind": "path", "path": "$GAN_REPRO_RAW/celeba"} in card.sources
        conf = tiny.write_card(
            tmp_path / "conf",
            name,
            tmp_path / "celeba",
            [{"kind": "path", "path": str(tmp_path / "celeba")}],
            shape=list(card.shape),
            classes=list(card.classes),
            splits={"train": {"count": count}},
        )
        assert set(card.files) == set(datacard.read_card(name, conf).files)
        fetching.fetch(name, tmp_path / "raw", conf, lambda *_: None)
        images = fetching.load(name, "train", tmp_path / "raw", conf)
        assert len(images) == (count or 5)


def test_all_kinds_share_their_files_sources_and_splits() -> None:
    cards = {name: datacard.read_card(name, CONF) for name in KINDS}
    assert len({str(card.files) for card in cards.values()}) == 1
    for name, card in cards.items():
        own, *shared = card.sources
        assert own == {"kind": "path", "path": f"$GAN_REPRO_RAW/{name}"}
        assert shared == list(cards[KINDS[0]].sources[1:])
        counts = [facts.count for facts in card.splits.values()]
        assert counts == ([162770, 19867, 19962] if "gender" in name else [None] * 3)


def test_a_count_that_is_not_known_is_written_down_as_such() -> None:
    """A card that forgets a count is refused; one that says null takes any number but none."""
    facts = datacard.read_card("celeba_hair_32", CONF).model_dump()
    card = datacard.DataCard.model_validate(facts)
    images = ImageSet(tiny.pixels(7, 3, 32, 32), tiny.every_class(7, 5), 5, card.classes)
    assert datacard.check(images, card, "train") is images
    with pytest.raises(DataError, match="it is empty"):
        datacard.check(images.first(0), card, "train")
    with pytest.raises(ValueError, match=r"splits\.train\.count\s+Field required"):
        datacard.DataCard.model_validate(facts | {"splits": {"train": {}}})


# What is refused


def test_a_split_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="called 'validation'; known: train, valid, test"):
        celeba_hair_32.read(tmp_path, "validation")


@pytest.mark.parametrize("lost", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_a_missing_list(lost: str, tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES))
    (tmp_path / lost).unlink()
    with pytest.raises(DataError, match=rf"{lost}: there is no such file; fetch the data set"):
        celeba_gender_32.read(tmp_path, "train")


def test_missing_faces(tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES))
    (tmp_path / "img_align_celeba.zip").unlink()
    with pytest.raises(DataError, match=r"has no img_align_celeba\.zip, nor a folder"):
        celeba_gender_32.read(tmp_path, "train")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "folder"])
def test_one_missing_face(zipped: bool, tmp_path: Path) -> None:
    files = tiny.celeba_files(FACES)
    del files["img_align_celeba/000007.jpg"]
    tiny.write_celeba(tmp_path, files, zipped)
    with pytest.raises(DataError, match=r"000007\.jpg: there is no such image, but CelebA's lists"):
        celeba_gender_32.read(tmp_path, "train")
    assert len(celeba_gender_32.read(tmp_path, "test")) == 2


def test_a_truncated_archive(tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES))
    archive = tmp_path / "img_align_celeba.zip"
    whole = archive.read_bytes()
    for share in (0.0, 0.5, 0.999):
        archive.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=r"celeba\.zip: is truncated or damaged: .*; fetch"):
            celeba_gender_32.read(tmp_path, "train")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "folder"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.9])
def test_a_truncated_face(zipped: bool, share: float, tmp_path: Path) -> None:
    files = tiny.celeba_files(FACES)
    name = "img_align_celeba/000002.jpg"
    files[name] = files[name][: int(share * len(files[name]))]
    tiny.write_celeba(tmp_path, files, zipped)
    with pytest.raises(DataError, match=r"000002\.jpg: is truncated or damaged: .*; fetch"):
        celeba_gender_32.read(tmp_path, "train")


def test_a_damaged_member_of_the_archive(tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES))
    archive = tmp_path / "img_align_celeba.zip"
    content = bytearray(archive.read_bytes())
    content[400:420] = bytes(20)
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"000001\.jpg: is truncated or damaged: .*; fetch"):
        celeba_gender_32.read(tmp_path, "train")


def test_a_face_that_is_not_aligned(tmp_path: Path) -> None:
    wild = {"img_align_celeba/000001.jpg": tiny.celeba_face(0, height=200, width=190)}
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES) | wild)
    with pytest.raises(DataError, match=r"000001\.jpg: has 190x200 pixels .* expected 178x218"):
        celeba_gender_32.read(tmp_path, "train")


def test_lists_that_end_too_early(tmp_path: Path) -> None:
    files = tiny.celeba_files(FACES)
    for name, said in {
        "list_attr_celeba.txt": "lists 5 images, its first line says 11. It is truncated",
        "list_eval_partition.txt": r"lists 5 images, list_attr_celeba\.txt beside it 11\. One",
    }.items():
        heads = 2 if "attr" in name else 0
        short = b"".join(files[name].splitlines(keepends=True)[: heads + 5])
        tiny.write_celeba(tmp_path, files | {name: short})
        with pytest.raises(DataError, match=rf"{name}: {said}"):
            celeba_gender_32.read(tmp_path, "train")


def test_a_list_of_attributes_that_ends_inside_a_line(tmp_path: Path) -> None:
    files = tiny.celeba_files(FACES)
    tiny.write_celeba(
        tmp_path, files | {"list_attr_celeba.txt": files["list_attr_celeba.txt"][:-9]}
    )
    with pytest.raises(DataError, match=r"line 13 is '000011\.jpg .* 40 times 1 or -1"):
        celeba_gender_32.read(tmp_path, "train")


@pytest.mark.parametrize("content", [b"", b"\n", b"<html>please log in</html>\n", b"\x89PNG\n"])
def test_a_list_of_attributes_that_is_none(content: bytes, tmp_path: Path) -> None:
    tiny.write_celeba(tmp_path, tiny.celeba_files(FACES) | {"list_attr_celeba.txt": content})
    with pytest.raises(DataError, match=r"its first line is .* expected the number of images"):
        celeba_gender_32.read(tmp_path, "train")


def test_a_list_without_the_attribute(tmp_path: Path) -> None:
    changed(tmp_path, "list_attr_celeba.txt", b" Gray_Hair ", b" Grey_Hair ")
    assert len(celeba_gender_32.read(tmp_path, "train")) == 7
    with pytest.raises(DataError, match=r"names 40 attributes, expected .* Gray_Hair among them"):
        celeba_hair_32.read(tmp_path, "train")


def test_a_value_that_is_none(tmp_path: Path) -> None:
    changed(tmp_path, "list_attr_celeba.txt", b"000002.jpg -1 -1 -1 -1 -1", b"000002.jpg 0 0 0 0 0")
    with pytest.raises(DataError, match=r"line 4 is '000002\.jpg 0 0 .* 40 times 1 or -1"):
        celeba_hair_32.read(tmp_path, "train")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"000003.jpg 2\n000004.jpg 0\n", b"000004.jpg 0\n000003.jpg 2\n"),
        (b"000003.jpg 2", b"000003.jpg 3"),
        (b"000003.jpg 2", b"000003.jpg"),
    ],
    ids=["order", "part", "no part"],
)
def test_a_partition_of_other_faces_or_parts(old: bytes, new: bytes, tmp_path: Path) -> None:
    changed(tmp_path, "list_eval_partition.txt", old, new)
    with pytest.raises(DataError, match=r"line 3 is .* expected '000003\.jpg', .* and 0, 1 or 2"):
        celeba_gender_32.read(tmp_path, "train")
