from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.data.faces import EXPRESSIONS
from fer.errors import DataError
from tests.builders_pictures import AFFECTNET, affectnet_tree, annotate
from tests.data.reading import labels, module, opened, part_counts, told


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return affectnet_tree(tmp_path / "AffectNet")


def annotation(tree: Path) -> Path:
    return tree / "train_set/annotations/9_exp.npy"


def test_label_and_part(tree: Path) -> None:
    faces = opened(tree, "affectnet")
    assert faces.images.shape == (48, 112, 112, 3) and faces.classes == EXPRESSIONS
    assert part_counts(faces) == {"test": 16, "training": 32}
    for name, label in labels(faces).items():
        assert label == AFFECTNET[int(Path(name).stem) % 8]
    assert told(faces) == "AffectNet's val_set has 16 faces, not the official 3,999"


@pytest.mark.parametrize(("contempt", "count"), [("keep", 3_999), ("leave_out", 3_500)])
def test_nothing_is_told_of_the_official_count(contempt: str, count: int, tree: Path) -> None:
    data = module(tree, "affectnet", f"data.contempt={contempt}")
    faces = replace(data.open(progress=False), part=np.array(["test"] * count))
    assert data.reader().check(faces) == ()
    fewer = replace(faces, part=np.array(["test"] * (count - 1)))
    assert f"not the official {count:,}" in data.reader().check(fewer)[0]


def test_seven_classes(tree: Path) -> None:
    faces = opened(tree, "affectnet", "data.contempt=leave_out")
    assert faces.classes == EXPRESSIONS[:7] and len(faces) == 42
    assert "6 pictures of contempt left out" in told(faces)
    assert "14 faces, not the official 3,500" in told(faces)


@pytest.mark.parametrize(
    "value", [np.array("1"), np.array("1", dtype="S1"), np.array(1), np.array([1.0]), np.uint8(1)]
)
def test_numbers_in_any_plain_form(value: np.ndarray, tree: Path) -> None:
    annotate(annotation(tree), np.asarray(value))
    assert labels(opened(tree, "affectnet"))["train_set/images/9.jpg"] == "happy"


def test_pictures_without_an_expression_are_left_out_and_counted(tree: Path) -> None:
    for number in (8, 9, 10):
        annotate(annotation(tree).with_name(f"{number}_exp.npy"), np.array(str(number)))
    faces = opened(tree, "affectnet")
    assert len(faces) == 45
    assert "3 pictures without an expression (numbers 8 to 10) left out" in told(faces)


class Hostile:
    """What a pickle runs when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def head(description: str) -> bytes:
    """An array file that has a head alone."""
    text = description.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


BAD = {
    "number": np.array("11"),
    "negative": np.array(-1),
    "fraction": np.array(2.5),
    "not a number": np.array(np.nan),
    "text": np.array("happy"),
    "several": np.array([1, 2]),
    "none": np.array([]),
    "bytes": b"hello",
    "nothing": b"",
    "cut off": head("{'descr': '<i8', 'fortran_order': False, 'shape': (), }"),
    "gigabytes": head("{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999,), }"),
    "long text": head("{'descr': '<U999999999', 'fortran_order': False, 'shape': (), }"),
    "no head": head("__import__('os').abort()"),
    "large": bytes(5000),
}


@pytest.mark.parametrize("what", [*BAD, "pickle"])
def test_bad_annotation(what: str, tree: Path, tmp_path: Path) -> None:
    content = np.array(Hostile(tmp_path / "opened")) if what == "pickle" else BAD[what]
    if isinstance(content, bytes):
        annotation(tree).write_bytes(content)
    else:
        annotate(annotation(tree), content)
    with pytest.raises(DataError, match=r"train_set/annotations/9_exp\.npy (holds|is)"):
        opened(tree, "affectnet")
    faces = opened(tree, "affectnet", "data.on_bad_file=skip")
    assert len(faces) == 47 and not (tmp_path / "opened").exists()


def test_annotation_that_is_not_there(tree: Path) -> None:
    annotation(tree).unlink()
    with pytest.raises(DataError, match=r"9\.jpg has no label: train_set/annotations/9_exp\.npy"):
        opened(tree, "affectnet")


def test_picture_that_is_not_there(tree: Path) -> None:
    (tree / "train_set/images/9.jpg").unlink()
    assert "1 annotations whose pictures are not there" in told(opened(tree, "affectnet"))


def test_wrapped(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree, tmp_path / "unpacked" / "AffectNet" / "Manual")
    assert len(opened(tmp_path / "unpacked", "affectnet")) == 48


def test_no_annotations(tree: Path) -> None:
    for part in ("train_set", "val_set"):
        shutil.rmtree(tree / part / "annotations")
    with pytest.raises(DataError, match=r"holds no annotations/\*_exp\.npy"):
        opened(tree, "affectnet")
