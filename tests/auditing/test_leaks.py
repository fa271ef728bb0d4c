"""What each protocol lets through, on faces with known people and recordings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fer.auditing.contents import group_summary
from fer.auditing.copies import Copies
from fer.auditing.leaks import protocol_effects
from fer.data.faces import Faces
from tests.data.made import made_faces

FOLDS = {"folds": 4, "fold": 0, "validation": 0.1, "seed": 0}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "official": {"name": "official", "validation": "public", "test": "private", "seed": 0},
    "random_kfold": {"name": "random_kfold", **FOLDS},
    "subject_kfold": {"name": "subject_kfold", **FOLDS},
    "leave_one_subject_out": {
        "name": "leave_one_subject_out",
        "fold": 0,
        "validation": 0.1,
        "seed": 0,
    },
}


def effects(faces: Faces) -> dict[str, dict[str, Any]]:
    copies = Copies.find(faces, cosine=0.9, distance=0.28, mirrored=False)
    return {row["protocol"]: row for row in protocol_effects(copies, PROTOCOLS)}


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    """Each person is one recording; every picture is another one."""
    faces = made_faces(people=20, parts=True, side=48)
    images = np.random.default_rng(0).integers(0, 256, faces.images.shape).astype(np.uint8)
    return effects(replace(faces, images=images, sequence=faces.subject))


def test_random_folds_let_people_and_recordings_through(rows: dict[str, dict[str, Any]]) -> None:
    random = rows["random_kfold"]
    assert (random["folds"], random["n"]) == (4, 280)
    assert random["person"] == random["sequence"] > 200
    for name in ("official", "subject_kfold", "leave_one_subject_out"):
        assert (rows[name]["person"], rows[name]["sequence"]) == (0, 0)


def test_every_fold_is_tested_up_to_ten(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["subject_kfold"]["n"] == 280
    alone = rows["leave_one_subject_out"]
    assert (alone["folds"], alone["all_folds"], alone["n"]) == (10, 20, 140)


def test_copies_are_counted_where_they_cross() -> None:
    faces = made_faces(people=20, parts=True, side=48)
    assert faces.part is not None
    images = np.random.default_rng(0).integers(0, 256, faces.images.shape).astype(np.uint8)
    train, test = (np.flatnonzero(faces.part == part) for part in ("training", "private"))
    other = train[faces.labels[train] != faces.labels[test[0]]][0]
    images[test[0]] = images[other]
    images[test[1]] = images[train[1]] // 2
    images[test[2]] = images[test[3]]
    row = effects(replace(faces, images=images))["official"]
    assert (row["exact"], row["near"], row["n"]) == (1, 1, len(test))
    assert row["conflicting"] == 1
    labels = faces.labels.copy()
    labels[test[0]] = labels[other]
    assert effects(replace(faces, images=images, labels=labels))["official"]["conflicting"] == 0


def test_a_protocol_that_does_not_apply_says_why() -> None:
    found = effects(made_faces(people=8, subjects=False))
    assert "no parts of its own" in found["official"]["why"]
    assert "does not say who is on a picture" in found["subject_kfold"]["why"]
    assert found["random_kfold"]["person"] is None


def test_people_in_several_parts_are_counted() -> None:
    faces = made_faces(people=20, parts=True)
    assert faces.subject is not None
    assert group_summary(faces, faces.subject) == {"number": 20, "in_several_parts": 0}
    moved = np.where(faces.subject == "p00", "p19", faces.subject)
    assert group_summary(faces, moved) == {"number": 19, "in_several_parts": 1}
    assert group_summary(faces, None) is None
