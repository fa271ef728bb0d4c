"""Which images are the same picture, and what training has met before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fer.data.copies import find_test_copies, group_rows
from fer.data.faces import Faces
from fer.data.protocols import make_split
from fer.data.splits import Split
from tests.data.made import made_faces


def split_of(train: list[int], test: list[int]) -> Split:
    protocol = {"name": "official"}
    parts = (np.array(train), np.array([], dtype=np.int64), np.array(test))
    return Split(*parts, protocol, "private", np.array([str(i) for i in test]))


def faces_of(pixels: list[int], labels: list[int]) -> Faces:
    images = np.array(pixels, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    return replace(made_faces(people=1), images=images, labels=np.array(labels))


def test_only_equal_rows_share_a_number() -> None:
    images = np.random.default_rng(0).integers(0, 2, (200, 2, 2, 2)).astype(np.uint8)
    groups = group_rows(images)
    flat = images.reshape(200, -1)
    equal = (flat[:, None] == flat[None]).all(axis=2)
    assert np.array_equal(groups[:, None] == groups[None], equal)
    assert equal.sum() > 200 and set(groups) == set(range(groups.max() + 1))


def test_copies_are_told_with_their_labels() -> None:
    faces = faces_of([1, 2, 3, 1, 2, 9, 3], [0, 0, 0, 0, 5, 0, 0])
    found = find_test_copies(faces, split_of([0, 1], [3, 4, 5, 6]), np.array([3, 4, 5, 6]))
    assert found.training.tolist() == [True, True, False, False]
    assert found.conflicting.tolist() == [False, True, False, False]


def test_a_picture_twice_in_training_conflicts_if_one_of_them_does() -> None:
    faces = faces_of([1, 1, 1, 1], [0, 4, 0, 4])
    found = find_test_copies(faces, split_of([0, 1], [2, 3]), np.array([2, 3]))
    assert found.conflicting.tolist() == [True, True]


def test_real_fer2013_private_images_in_training(real_faces: Faces) -> None:
    split = make_split(
        real_faces, {"name": "official", "validation": "public", "test": "private", "seed": 0}
    )
    found = find_test_copies(real_faces, split, split.test)
    assert (int(found.training.sum()), len(split.test)) == (288, 3589)
