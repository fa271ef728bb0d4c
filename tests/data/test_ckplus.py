from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fer.data.protocols import make_split
from fer.errors import DataError
from tests.builders_pictures import (
    CKPLUS,
    ckplus_complete,
    ckplus_doubled,
    ckplus_small,
    ckplus_tree,
    picture,
)
from tests.composing import settings
from tests.data.reading import labels, opened, told

EXPRESSION = dict(
    zip(CKPLUS, ("angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"), strict=True)
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return ckplus_tree(tmp_path / "CK+")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return ckplus_small(tmp_path / "archive")


def label_file(tree: Path) -> Path:
    return tree / "Emotion/S005/001/S005_001_00000008_emotion.txt"


def test_last_frames_and_the_first_as_neutral(tree: Path) -> None:
    faces = opened(tree, "ckplus")
    assert faces.classes == (*sorted(set(faces.classes[:6])), "neutral", "contempt")
    found = labels(faces)
    assert len(found) == 4 * 7 * 4
    for name, label in found.items():
        number, frame = int(name.split("/")[2]), int(name[-12:-4])
        assert frame in (1, 6, 7, 8)
        assert label == ("neutral" if frame == 1 else EXPRESSION[CKPLUS[number - 1]])


def test_people_and_sequences_come_from_the_names(tree: Path) -> None:
    faces = opened(tree, "ckplus")
    assert faces.subject is not None and faces.sequence is not None and faces.part is None
    for name, subject, sequence in zip(faces.names, faces.subject, faces.sequence, strict=True):
        file = name.rpartition("/")[2]
        assert (subject, sequence) == (file[:4], file[:8])


def test_sequences_without_a_label_are_left_out_and_counted(tree: Path) -> None:
    notes = told(opened(tree, "ckplus"))
    assert "8 of 36 sequences have no label and are left out" in notes
    assert "28 labelled sequences of 4 people, not the official 327 of 118" in notes


@pytest.mark.parametrize(
    ("overrides", "each", "classes"),
    [
        (("data.neutral=none",), 3, 7),
        (("data.contempt=leave_out",), 4, 7),
        (("data.last_frames=1", "data.neutral=none", "data.contempt=leave_out"), 1, 6),
        (("data.last_frames=7",), 8, 8),
        (("data.last_frames=8",), 8, 7),  # nothing before them is left to be neutral
    ],
)
def test_settings(overrides: tuple[str, ...], each: int, classes: int, tree: Path) -> None:
    faces = opened(tree, "ckplus", *overrides)
    contempt = "data.contempt=leave_out" not in overrides
    assert ("contempt" in faces.classes) == contempt
    assert len(set(labels(faces).values())) == classes
    assert len(faces) == 4 * (7 if contempt else 6) * each


@pytest.mark.parametrize("form", ["upper", "wrapped", "archives"])
def test_real_copies_differ(form: str, tree: Path, tmp_path: Path) -> None:
    expected = sorted(labels(opened(tree, "ckplus")).values())
    copy = tmp_path / "copy"
    if form == "upper":
        shutil.copytree(tree, copy)
        for path in [*copy.rglob("*.png")]:
            path.rename(path.with_name(path.stem.lower() + ".PNG"))
    elif form == "wrapped":
        shutil.copytree(tree, copy / "CK+" / "CK+")
    else:
        pictures, emotions = "cohn-kanade-images", "Emotion"
        shutil.copytree(tree / pictures, copy / "extended-cohn-kanade-images" / pictures)
        shutil.copytree(tree / emotions, copy / "Emotion_labels" / emotions)
    assert sorted(labels(opened(copy, "ckplus")).values()) == expected


def test_the_folder_of_small_faces(small: Path) -> None:
    faces = opened(small, "ckplus")
    assert faces.images.shape == (84, 48, 48)
    assert faces.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "contempt")
    for name, label in labels(faces).items():
        assert label == EXPRESSION[name.split("/")[1]]
    assert faces.subject is not None and len(set(faces.subject)) == 4
    assert faces.sequence is not None and len(set(faces.sequence)) == 28
    assert "has no neutral ones" in told(faces)
    assert "sadness -> sad" in told(faces) and "84 pictures, not the usual 981" in told(faces)
    assert len(opened(small, "ckplus", "data.last_frames=1")) == 28


@pytest.mark.parametrize("form", ["tree", "small"])
def test_folds_keep_people_apart(form: str, request: pytest.FixtureRequest) -> None:
    faces = opened(request.getfixturevalue(form), "ckplus")
    assert faces.subject is not None
    protocol = settings("protocol=kfold")["protocol"] | {"folds": 3}
    tested = []
    for fold in range(3):
        split = make_split(faces, protocol | {"fold": fold})
        people = [set(faces.subject[split.part(p)]) for p in ("train", "validation", "test")]
        assert sum(map(len, people)) == len(set.union(*people)) == 4
        tested += split.test.tolist()
    assert sorted(tested) == list(range(len(faces)))
    notes = make_split(faces, settings("protocol=random_kfold")["protocol"]).notes
    assert "show a person who is also in training" in notes[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9.0000000e+00", "holds '9.0000000e+00', not a number from 0 to 7"),
        ("-1", "not a number from 0 to 7"),
        ("2.5", "not a number from 0 to 7"),
        ("nan", "not a number from 0 to 7"),
        ("happy", "not a number from 0 to 7"),
        ("", "is empty"),
    ],
)
def test_strange_label(text: str, reason: str, tree: Path) -> None:
    label_file(tree).write_text(text)
    with pytest.raises(DataError) as caught:
        opened(tree, "ckplus")
    assert "Emotion/S005/001/S005_001_00000008_emotion.txt" in str(caught.value)
    assert reason in str(caught.value)
    faces = opened(tree, "ckplus", "data.on_bad_file=skip")
    assert len(faces) == 108 and len(faces.bad_files) == 1
    assert "8 of 36 sequences have no label" in told(faces)


def test_label_of_zero_is_neutral(tree: Path) -> None:
    label_file(tree).write_text("0.0000000e+00")
    faces = opened(tree, "ckplus")
    assert {labels(faces)[n] for n in faces.names if "/S005_001_" in n} == {"neutral"}
    without = opened(tree, "ckplus", "data.neutral=none")
    assert not [n for n in without.names if "/S005_001_" in n]


def test_subject_that_cannot_be_read(tree: Path, small: Path) -> None:
    for folder, name in (
        (tree, "cohn-kanade-images/S005/001/face.png"),
        (small, "CK+48/fear/1.png"),
    ):
        picture(folder / name, 0, 1)
        with pytest.raises(DataError, match="does not say subject, sequence and frame"):
            opened(folder, "ckplus")
        faces = opened(folder, "ckplus", "data.on_bad_file=skip")
        assert [bad for bad, _ in faces.bad_files] == [name]


def test_labels_that_are_not_there(tree: Path) -> None:
    shutil.rmtree(tree / "Emotion")
    with pytest.raises(DataError, match=r"has no label: 001 names no expression.*_emotion\.txt"):
        opened(tree, "ckplus")


def test_pictures_that_are_not_there(tree: Path) -> None:
    shutil.rmtree(tree / "cohn-kanade-images/S005")
    assert "7 label files whose pictures are not there" in told(opened(tree, "ckplus"))


def test_the_same_frame_twice(small: Path) -> None:
    shutil.copytree(small / "CK+48/fear", small / "CK+48/CK+48/fear")
    for number, path in enumerate(sorted((small / "CK+48/CK+48/fear").glob("*.png"))):
        picture(path, 3, 500 + number)
    with pytest.raises(DataError, match=r"is there twice, the other one is CK\+48/CK\+48/fear"):
        opened(small, "ckplus")


def test_kaggle_s_archive_holds_everything_twice(tmp_path: Path) -> None:
    once = opened(ckplus_small(tmp_path / "once"), "ckplus")
    faces = opened(ckplus_doubled(tmp_path / "twice"), "ckplus")
    assert labels(faces) == labels(once) and faces.fingerprint == once.fingerprint
    assert "84 pictures that are there twice, byte by byte the same, are taken once" in told(faces)
    assert "twice" not in told(once)


def test_copies_under_two_labels(tmp_path: Path) -> None:
    folder = ckplus_doubled(tmp_path / "twice")
    (folder / "ck/CK+48/fear").rename(folder / "ck/CK+48/kept")
    (folder / "ck/CK+48/happy").rename(folder / "ck/CK+48/fear")
    (folder / "ck/CK+48/kept").rename(folder / "ck/CK+48/happy")
    with pytest.raises(DataError, match=r"ck/CK\+48/fear/.* is there twice, the other one is CK"):
        opened(folder, "ckplus")


def test_what_lies_beside_pictures_and_labels_does_no_harm(tree: Path, tmp_path: Path) -> None:
    faces = opened(ckplus_complete(tmp_path / "complete"), "ckplus")
    assert labels(faces) == labels(opened(tree, "ckplus"))
    assert "*_emotion.txt" not in told(faces)


def test_label_file_of_another_name_is_told(tree: Path) -> None:
    path = label_file(tree)
    path.rename(path.with_name("S005_001_00000008_emotion (1).txt"))
    notes = told(opened(tree, "ckplus"))
    assert "9 of 36 sequences have no label" in notes
    assert (
        "1 files are not named *_emotion.txt and left out, such as "
        "Emotion/S005/001/S005_001_00000008_emotion (1).txt"
    ) in notes


def test_another_file_is_another_cache(tree: Path) -> None:
    before = opened(tree, "ckplus")
    path = tree / "cohn-kanade-images/S005/001/S005_001_00000008.png"
    picture(path, 7, 12345)
    after = opened(tree, "ckplus")
    assert before.fingerprint != after.fingerprint
    place = after.names.tolist().index(str(path.relative_to(tree)))
    assert not np.array_equal(before.images[place], after.images[place])
