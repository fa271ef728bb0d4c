"""Copies among the training images are kept, left out, or aim at all their labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer.data.cleaning import clean_training
from fer.data.faces import Faces
from fer.data.protocols import make_split
from fer.data.splits import Split
from fer.errors import DataError
from tests.data.made import made_faces

#          train: 0, 1, 2 alike; 3, 4 alike; 5 alone | validation 6 | test 7, 8
PIXELS = [1, 1, 1, 2, 2, 3, 3, 2, 9]
LABELS = [0, 0, 4, 5, 5, 6, 6, 1, 2]


def faces() -> Faces:
    images = np.array(PIXELS, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    return replace(made_faces(people=1), images=images, labels=np.array(LABELS))


def split(first: int = 6) -> Split:
    parts = (np.arange(first), np.arange(first, 7), np.arange(7, 9))
    return Split(*parts, {"name": "official"}, "private", np.array(["7", "8"]), ("as before",))


def cleaned(conflicts: str = "keep", duplicates: str = "keep") -> tuple[Faces, Split]:
    wanted = {"conflicts": conflicts, "duplicates_of_test": duplicates}
    return clean_training(faces(), split(), wanted)


def test_kept_is_left_as_it_was() -> None:
    found, parts = cleaned()
    assert found.targets is None and parts.hash == split().hash
    assert parts.notes == ("as before",)


@pytest.mark.parametrize("conflicts", ["drop", "soft"])
def test_nothing_is_told_where_there_are_no_copies(conflicts: str) -> None:
    images = np.arange(9, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    found, parts = clean_training(
        replace(faces(), images=images),
        split(),
        {"conflicts": conflicts, "duplicates_of_test": "drop"},
    )
    assert found.targets is None and parts.hash == split().hash
    assert parts.notes == ("as before",)


def test_soft_copies_aim_at_all_their_labels() -> None:
    found, parts = cleaned("soft")
    assert parts.train.tolist() == [0, 1, 2, 3, 4, 5]
    expected = np.eye(7, dtype=np.float32)[LABELS]
    expected[:3] = [2 / 3, 0, 0, 0, 1 / 3, 0, 0]
    assert found.targets is not None
    np.testing.assert_allclose(found.targets, expected, rtol=1e-6)
    assert parts.notes[1].startswith("3 training images are copies")


def test_soft_copies_share_the_targets_they_had() -> None:
    own = np.random.default_rng(0).dirichlet(np.ones(7), 9).astype(np.float32)
    given = replace(faces(), targets=own.copy())
    found, _ = clean_training(given, split(), {"conflicts": "soft", "duplicates_of_test": "keep"})
    assert found.targets is not None and given.targets is not None
    np.testing.assert_allclose(found.targets[:3], own[:3].mean(axis=0)[None].repeat(3, 0), 1e-6)
    assert np.array_equal(found.targets[3:], own[3:]) and np.array_equal(given.targets, own)


def test_copies_of_tested_images_are_left_out_whatever_their_labels() -> None:
    _, parts = clean_training(
        replace(faces(), labels=np.array([0, 0, 4, 5, 6, 6, 3, 1, 2])),
        replace(split(), train=np.array([0, 1, 2, 4, 5])),
        {"conflicts": "keep", "duplicates_of_test": "keep"},
    )
    assert len(parts.train) == 5
    every = replace(faces(), labels=np.array([0, 5, 6, 5, 6, 5, 3, 1, 2]))
    told = []
    for tested in ([3, 1, 2], [5, 6, 0]):
        labels = np.array([*every.labels[:6], *tested])
        _, parts = clean_training(
            replace(every, labels=labels),
            split(),
            {"conflicts": "keep", "duplicates_of_test": "drop"},
        )
        told.append((parts.train.tolist(), parts.notes))
        assert parts.validation.tolist() == [6] and parts.test.tolist() == [7, 8]
    assert told[0] == told[1]
    assert told[0][0] == [0, 1, 2]
    assert told[0][1][1] == "3 training images left out: copies of ones to be tested"


def test_dropping_must_leave_every_class_some() -> None:
    with pytest.raises(DataError, match=r"no training images of angry, sad are left.*conflicts"):
        cleaned("drop")
    with pytest.raises(DataError, match=r"surprise, neutral"):
        cleaned("keep", "drop")


def test_dropped_conflicts_are_all_of_their_group() -> None:
    labels = np.array([0, 0, 4, 4, 0, 6, 6, 1, 2])
    pixels = faces().images.copy()
    pixels[3:5] = [[[7]], [[8]]]
    found, parts = clean_training(
        replace(faces(), images=pixels, labels=labels),
        split(),
        {"conflicts": "drop", "duplicates_of_test": "keep"},
    )
    assert parts.train.tolist() == [3, 4, 5] and found.targets is None
    assert parts.hash != split().hash and parts.test_hash == split().test_hash


def test_real_fer2013_holds_both(real_faces: Faces) -> None:
    protocol = {"name": "official", "validation": "public", "test": "private", "seed": 0}
    whole = make_split(real_faces, protocol)
    _, apart = clean_training(
        real_faces, whole, {"conflicts": "keep", "duplicates_of_test": "drop"}
    )
    tested = {
        face.tobytes() for p in (whole.validation, whole.test) for face in real_faces.images[p]
    }
    copies = [face.tobytes() in tested for face in real_faces.images[whole.train]]
    assert np.array_equal(apart.train, whole.train[~np.array(copies)])
    assert len(whole.train) - len(apart.train) > 288
    found, _ = clean_training(
        real_faces, apart, {"conflicts": "soft", "duplicates_of_test": "keep"}
    )
    assert found.targets is not None
    assert (found.targets[apart.train].max(axis=1) < 1).sum() == 73
