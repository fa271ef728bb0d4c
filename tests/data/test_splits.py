"""What a split is after it is made: limited, saved, told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.data.protocols import make_split
from fer.data.splits import Split
from fer.errors import RunError
from tests.composing import settings
from tests.data.made import made_faces

PARTS = ("train", "validation", "test")
FACES = made_faces(subjects=False, parts=True)
OFFICIAL = settings()["protocol"]


def test_images_per_class_limits_training_alone() -> None:
    whole = make_split(FACES, OFFICIAL)
    some = make_split(FACES, OFFICIAL, 5)
    assert np.bincount(FACES.labels[some.train]).tolist() == [5] * 7
    assert set(some.train) < set(whole.train)
    assert np.array_equal(some.test, whole.test)
    assert np.array_equal(some.validation, whole.validation)
    assert np.array_equal(some.train, make_split(FACES, OFFICIAL, 5).train)
    assert not np.array_equal(some.train, make_split(FACES, OFFICIAL, 5, seed=1).train)
    assert np.array_equal(make_split(FACES, OFFICIAL, 10_000).train, whole.train)


def test_a_split_comes_back_from_disk(tmp_path: Path) -> None:
    found = make_split(made_faces(), settings("protocol=random_kfold")["protocol"])
    found.save(tmp_path / "split.npz")
    again = Split.load(tmp_path / "split.npz")
    for part in PARTS:
        assert np.array_equal(again.part(part), found.part(part))
        assert again.part(part).dtype == np.int64
    assert again.test_names.tolist() == [f"face {i}" for i in found.test]
    assert (again.protocol, again.notes, again.test_part) == (
        found.protocol,
        found.notes,
        found.test_part,
    )
    assert (again.hash, again.test_hash) == (found.hash, found.test_hash)
    assert again.cautions == found.cautions == found.notes != ()
    assert [file.name for file in tmp_path.iterdir()] == ["split.npz"]


def test_cautions_of_a_file_that_does_not_keep_them_are_told_by_their_words(tmp_path: Path) -> None:
    path = tmp_path / "split.npz"
    harmless = "14 training images left out: copies of ones to be tested"
    found = make_split(made_faces(), settings("protocol=random_kfold")["protocol"])
    replace(found, notes=(*found.notes, harmless)).save(path)
    assert Split.load(path).cautions == found.cautions
    with np.load(path) as arrays:
        old = dict(arrays)
    story = json.loads(str(old["story"]))
    del story["cautions"]
    np.savez(path, **old | {"story": np.array(json.dumps(story))})
    assert Split.load(path).cautions == found.cautions
    assert harmless in Split.load(path).notes


@pytest.mark.parametrize("part", PARTS)
def test_another_index_is_another_hash(part: str) -> None:
    found = make_split(FACES, OFFICIAL)
    changed = found.part(part).copy()
    changed[0] += 1
    assert replace(found, **{part: changed}).hash != found.hash
    assert replace(found, protocol=found.protocol | {"seed": 1}).hash != found.hash


def test_results_compare_where_the_test_images_are_the_same() -> None:
    one = make_split(FACES, OFFICIAL)
    other = make_split(FACES, OFFICIAL | {"validation": 0.1})
    assert one.hash != other.hash and one.test_hash == other.test_hash
    assert (
        make_split(FACES, OFFICIAL | {"validation": 0.1, "test": "public"}).test_hash
        != one.test_hash
    )


@pytest.mark.parametrize("damage", ["cut off", "empty", "text", "gone", "other arrays"])
def test_a_damaged_split_is_told(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "split.npz"
    make_split(FACES, OFFICIAL).save(path)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "other arrays":
        np.savez(path, train=np.arange(3))
    else:
        path.write_bytes(
            {"cut off": data[: len(data) // 2], "empty": b"", "text": b"hello"}[damage]
        )
    with pytest.raises(RunError, match=r"split\.npz is missing or damaged .*restart=true"):
        Split.load(path)
