from __future__ import annotations

import hashlib
import logging
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer.data.faces import SEVEN, Faces
from fer.data.readers.fer2013 import OFFICIAL_COUNTS, Fer2013Reader, find_fer2013
from fer.errors import DataError
from tests.builders import fer2013_csv, fer2013_tree, fer2013_zip

Open = Callable[..., Faces]


def same(left: Faces, right: Faces) -> bool:
    assert left.part is not None and right.part is not None
    return (
        np.array_equal(left.images, right.images)
        and np.array_equal(left.labels, right.labels)
        and np.array_equal(left.part, right.part)
        and left.fingerprint == right.fingerprint
    )


def test_all_forms_give_the_same_arrays(tmp_path: Path, opened: Open) -> None:
    forms = [
        fer2013_tree(tmp_path / "tree"),
        fer2013_zip(tmp_path / "plain" / "fer2013.zip"),
        fer2013_zip(tmp_path / "below" / "archive.zip", top="fer2013/"),
        fer2013_csv(tmp_path / "fer2013.csv"),
        fer2013_csv(tmp_path / "icml_face_data.csv", leading_blanks=True),
    ]
    first, *others = [opened(path) for path in forms]
    assert first.images.shape == (42, 48, 48)
    assert all(same(first, other) for other in others)


def test_every_face_is_in_its_part_and_class(tree: Path, opened: Open) -> None:
    faces = opened(tree)
    assert faces.classes == SEVEN and faces.part is not None and faces.file_hashes is not None
    assert faces.counts() == dict.fromkeys(SEVEN, 6)
    for name, label, part, pixels, digest in zip(
        faces.names, faces.labels, faces.part, faces.images, faces.file_hashes, strict=True
    ):
        top, expression, file = name.split("/")
        prefix = {"training": "Training", "public": "PublicTest", "private": "PrivateTest"}[part]
        assert expression == SEVEN[label]
        assert top == ("train" if part == "training" else "test") and file.startswith(prefix)
        assert 25 * label + 20 < pixels.mean() < 25 * label + 80
        assert digest.tobytes() == hashlib.sha256((tree / name).read_bytes()).digest()


def test_rows_of_a_table_are_traced(table: Path, opened: Open) -> None:
    faces = opened(table)
    assert faces.file_hashes is None
    lines = table.read_text().splitlines()
    for name, label, pixels in zip(faces.names, faces.labels, faces.images, strict=True):
        emotion, texts, _ = lines[int(name.removeprefix("row "))].split(",")
        assert int(emotion) == label
        assert texts.split() == [str(value) for value in pixels.ravel()]


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path, table: Path, opened: Open) -> None:
    head, *rows = table.read_text().splitlines()
    turned = tmp_path / "turned.csv"
    turned.write_text("\r\n".join(["\ufeff" + head, *reversed(rows)]), encoding="utf-8")
    assert same(opened(turned), opened(table))


def test_what_systems_leave_behind_is_ignored(tree: Path, opened: Open) -> None:
    for name in (
        "__MACOSX/train/angry/._Training_0.jpg",
        "train/.DS_Store",
        "train/angry/Thumbs.db",
        "test/sad/._PublicTest_1000.jpg",
        "read me.txt",
    ):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(b"junk")
    assert len(opened(tree)) == 42


@pytest.mark.parametrize(
    "place", ["fer2013.zip", "archive.zip", "fer2013/fer2013.csv", "icml_face_data.csv"]
)
def test_found_one_level_down(tmp_path: Path, place: str, opened: Open) -> None:
    make = fer2013_zip if place.endswith("zip") else fer2013_csv
    make(tmp_path / "data" / place)
    assert len(opened(tmp_path / "data")) == 42
    assert find_fer2013(None, tmp_path / "data", download=False) == tmp_path / "data" / place


def test_other_data_sets_are_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "rafdb" / "train" / "1").mkdir(parents=True)
    (tmp_path / "fer2013new.csv").write_text("Usage,Image name,neutral\n")
    with pytest.raises(DataError, match="nothing of FER2013"):
        Fer2013Reader(tmp_path)


def test_nothing_there_tells_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        find_fer2013(None, tmp_path, download=False)
    for part in (
        str(tmp_path),
        "https://www.kaggle.com/datasets/msambare/fer2013",
        'kagglehub.dataset_download("msambare/fer2013")',
        "data.path",
        "data.download=true",
    ):
        assert part in str(caught.value)
    with pytest.raises(DataError, match=r"gone.* does not exist.*kaggle\.com"):
        Fer2013Reader(tmp_path / "gone")


def test_download_calls_kagglehub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def dataset_download(name: str) -> str:
        asked.append(name)
        if len(asked) > 1:
            raise ConnectionError("no route")
        return str(tmp_path)

    hub = types.SimpleNamespace(dataset_download=dataset_download)
    monkeypatch.setitem(sys.modules, "kagglehub", hub)
    assert find_fer2013(None, None, download=True) == tmp_path
    assert asked == ["msambare/fer2013"]
    with pytest.raises(DataError, match=r"no route.*internet"):
        find_fer2013(None, None, download=True)
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(DataError, match="pip install"):
        find_fer2013(None, None, download=True)


def test_other_counts_are_told_and_recorded(
    tree: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):  # making the cache and opening it
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            faces = opened(tree)
        assert len(faces.notes) == 3
        assert "training part has 14 faces, not the official 28,709" in faces.notes[0]
        assert "disgust 2 (official 56)" in faces.notes[1]
        assert all(note in caplog.text for note in faces.notes)


def test_the_real_data_set(real_faces: Faces) -> None:
    faces = real_faces
    assert isinstance(faces.images, np.memmap) and faces.part is not None
    assert faces.images.shape == (35_887, 48, 48) and faces.notes == ()
    for part in OFFICIAL_COUNTS:
        found = np.bincount(faces.labels[faces.part == part], minlength=7)
        assert tuple(found) == OFFICIAL_COUNTS[part]
    assert len({image.tobytes() for image in faces.images}) == 34_034
    assert faces.file_hashes is not None
    assert len(np.unique(faces.file_hashes, axis=0)) == 34_034
