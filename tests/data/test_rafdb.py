from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fer.data.faces import SEVEN
from fer.errors import DataError
from tests.builders_pictures import RAFDB, coloured, rafdb_compound, rafdb_numbered, rafdb_tree
from tests.data.reading import labels, opened, part_counts, told


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return rafdb_tree(tmp_path / "basic")


def label_list(tree: Path) -> Path:
    return tree / "EmoLabel" / "list_patition_label.txt"


@pytest.mark.parametrize("make", [rafdb_tree, rafdb_numbered])
def test_label_and_part(make: Callable[[Path], Path], tmp_path: Path) -> None:
    faces = opened(make(tmp_path / "basic"), "rafdb")
    assert faces.images.shape == (42, 100, 100, 3) and faces.classes == SEVEN
    assert part_counts(faces) == {"test": 14, "training": 28} and faces.part is not None
    for (name, label), part in zip(labels(faces).items(), faces.part, strict=True):
        file = name.rpartition("/")[2]
        which, number = file.split("_")[:2]
        assert label == RAFDB[(int(number) - 1) % 7]
        assert part == {"train": "training", "test": "test"}[which] and "aligned" in file
    assert "training part has 28 faces, not the official 12,271" in told(faces)
    assert "test part has 14 faces, not the official 3,068" in told(faces)


def test_whole_pictures(tree: Path) -> None:
    faces = opened(tree, "rafdb", "data.pictures=original")
    assert len(faces) == 42 and not [name for name in faces.names if "aligned" in name]


@pytest.mark.parametrize("form", ["wrapped", "spelt right", "windows", "no pictures beside"])
def test_real_copies_differ(form: str, tree: Path, tmp_path: Path) -> None:
    if form == "wrapped":
        shutil.copytree(tree, tmp_path / "RAF" / "RAF-DB" / "basic")
        tree = tmp_path / "RAF"
    elif form == "spelt right":
        label_list(tree).rename(tree / "EmoLabel" / "list_partition_label.txt")
    elif form == "windows":
        text = label_list(tree).read_text().replace("\n", "\r\n")
        label_list(tree).write_bytes(b"\xef\xbb\xbf" + text.encode())
    else:
        shutil.rmtree(tree / "Image" / "original")
    assert len(opened(tree, "rafdb")) == 42


@pytest.mark.parametrize(
    "line", ["train_00001.jpg 9", "train_00001.jpg", "train_00001.jpg 5 5", "1 5"]
)
def test_bad_line(line: str, tree: Path) -> None:
    text = label_list(tree).read_text()
    label_list(tree).write_text(text.replace("train_00001.jpg 1", line))
    with pytest.raises(DataError, match=r"list_patition_label\.txt line 1 is .* from 1 to 7"):
        opened(tree, "rafdb")
    faces = opened(tree, "rafdb", "data.on_bad_file=skip")
    assert len(faces) == 41 and "1 pictures have no label in EmoLabel/list" in told(faces)


def test_picture_that_is_not_there(tree: Path) -> None:
    (tree / "Image/aligned/test_00003_aligned.jpg").unlink()
    with pytest.raises(DataError, match=r"test_00003\.jpg is listed .* its picture is not there"):
        opened(tree, "rafdb")
    assert len(opened(tree, "rafdb", "data.on_bad_file=skip")) == 41


def test_pictures_without_labels(tree: Path) -> None:
    shutil.rmtree(tree / "EmoLabel")
    with pytest.raises(DataError, match=r"has no label: there is no list_patition_label\.txt"):
        opened(tree, "rafdb")


def test_picture_of_another_name(tree: Path) -> None:
    coloured(tree / "Image/aligned/me.jpg", 0, 0)
    with pytest.raises(DataError, match=r"me\.jpg is not named as train_00001\.jpg"):
        opened(tree, "rafdb")


@pytest.mark.parametrize("name", ["compound", "Compound"])
def test_the_compound_part_beside_it_is_left_out(name: str, tree: Path) -> None:
    rafdb_compound(tree.parent / name)
    alone, faces = opened(tree, "rafdb"), opened(tree.parent, "rafdb")
    assert labels(faces) == {f"basic/{key}": value for key, value in labels(alone).items()}
    assert "22 pictures have no label in basic/EmoLabel/list_patition_label.txt" in told(faces)


@pytest.mark.parametrize("text", ["", "\n\n", "faces 1\n"])
def test_list_without_labels(text: str, tree: Path) -> None:
    label_list(tree).write_text(text)
    with pytest.raises(DataError, match=r"EmoLabel/list_patition_label\.txt has no lines such as"):
        opened(tree, "rafdb", "data.on_bad_file=skip")


def test_picture_with_two_labels_in_the_list(tree: Path) -> None:
    text = label_list(tree).read_text()
    label_list(tree).write_text(f"{text}train_00002.jpg 2\n")
    assert len(opened(tree, "rafdb")) == 42
    label_list(tree).write_text(f"{text}train_00001.jpg 4\ntrain_00001.jpg 1\n")
    with pytest.raises(DataError, match="line 43 says happy of train_00001, a line before surpris"):
        opened(tree, "rafdb")
    faces = opened(tree, "rafdb", "data.on_bad_file=skip")
    assert len(faces) == 41 and not [name for name in faces.names if "train_00001" in name]


def test_picture_in_two_numbered_folders(tmp_path: Path) -> None:
    tree = rafdb_numbered(tmp_path / "basic") / "DATASET" / "train"
    shutil.copy(tree / "1" / "train_00001_aligned.jpg", tree / "2")
    with pytest.raises(DataError, match=r"train/2/train_00001_aligned\.jpg is there twice"):
        opened(tmp_path / "basic", "rafdb")
