from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fer.data.protocols import make_split
from fer.data.readers.jaffe import JaffeReader
from fer.errors import DataError
from tests.builders_pictures import jaffe_folder, picture
from tests.composing import settings
from tests.data.reading import labels, opened, told

CODES = {
    "AN": "angry",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happy",
    "SA": "sad",
    "SU": "surprise",
    "NE": "neutral",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return jaffe_folder(tmp_path / "jaffe")


@pytest.mark.parametrize("suffix", ["tiff", "jpg", "png", "TIFF"])
def test_person_and_expression_come_from_the_name(suffix: str, tmp_path: Path) -> None:
    faces = opened(jaffe_folder(tmp_path / "jaffe", suffix, people=4), "jaffe")
    assert faces.images.shape == (56, 128, 128) and faces.subject is not None
    for (name, label), subject in zip(labels(faces).items(), faces.subject, strict=True):
        assert (name[:2], CODES[name[3:5]]) == (subject, label)


def test_counts_are_compared(folder: Path) -> None:
    assert told(opened(folder, "jaffe")) == (
        "JAFFE has 140 pictures of 10 people, not the official 213 of 10"
    )


def test_leaving_one_person_out(folder: Path) -> None:
    faces = opened(folder, "jaffe")
    assert faces.subject is not None
    people = []
    for fold in range(10):
        protocol = settings("protocol=leave_one_subject_out")["protocol"] | {"fold": fold}
        split = make_split(faces, protocol)
        (person,) = set(faces.subject[split.test])
        assert person not in faces.subject[split.train] and len(split.test) == 14
        people.append(person)
    assert len(set(people)) == 10
    split = make_split(faces, settings("protocol=kfold")["protocol"])
    assert not set(faces.subject[split.test]) & set(faces.subject[split.train])


@pytest.mark.parametrize("name", ["face12.tiff", "KA.XX1.39.tiff", "1.AN.39.png", "below/me.jpg"])
def test_name_that_says_nothing(name: str, folder: Path) -> None:
    picture(folder / name, 0, 1)
    with pytest.raises(DataError, match="does not say person and expression as KA"):
        opened(folder, "jaffe")
    faces = opened(folder, "jaffe", "data.on_bad_file=skip")
    assert len(faces) == 140 and [bad for bad, _ in faces.bad_files] == [name]


def test_the_same_picture_in_two_formats(folder: Path) -> None:
    jaffe_folder(folder, "jpg", people=1, each=1)
    with pytest.raises(DataError, match=r"KA\.AN1\.1\.tiff is there twice.*KA\.AN1\.1\.jpg"):
        opened(folder, "jaffe")


def test_the_same_file_twice_is_taken_once(folder: Path) -> None:
    names = set(labels(opened(folder, "jaffe")))
    shutil.copytree(folder, folder / "copy")
    faces = opened(folder, "jaffe")
    assert set(labels(faces)) == names
    assert "140 pictures that are there twice" in told(faces)


def test_found_in_the_data_folder_or_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"JAFFE: not found .*looked for jaffe.*KA\.AN1\.39\.tiff"):
        JaffeReader.find(None, tmp_path)
    jaffe_folder(tmp_path / "JAFFE", people=1)
    assert JaffeReader.find(None, tmp_path) == tmp_path / "JAFFE"
    with pytest.raises(DataError, match=r"data\.path=.*gone does not exist"):
        JaffeReader.find(str(tmp_path / "gone"), tmp_path)


@pytest.mark.parametrize("what", ["empty", "archive"])
def test_nothing_to_read(what: str, tmp_path: Path) -> None:
    path = tmp_path / "jaffe.zip"
    if what == "empty":
        path.mkdir()
        (path / "README").write_text("hello")
    else:
        path.write_bytes(b"PK")
    with pytest.raises(DataError, match="holds no pictures" if what == "empty" else "unpack"):
        opened(path, "jaffe")
