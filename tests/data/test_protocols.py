"""Who is in training, validation and test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer.data.faces import Faces
from fer.data.protocols import count_folds, make_split
from fer.errors import ConfigError, DataError
from tests.data.made import made_faces
from tests.data.splitting import (
    KNOWN,
    PARTS,
    UNKNOWN,
    check_disjoint,
    check_stratified,
    protocol,
    sizes,
    split,
)

FOLDED = ("kfold", "random_kfold", "subject_kfold", "leave_one_subject_out")


@pytest.mark.parametrize("faces", [KNOWN, UNKNOWN], ids=["people", "no people"])
@pytest.mark.parametrize("name", ["holdout", "random_holdout"])
@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ([0.8, 0.2], [0.72, 0.08, 0.2]),
        ([0.8, 0.1, 0.1], [0.8, 0.1, 0.1]),
        ([0.4, 0.2, 0.4], [0.4, 0.2, 0.4]),
    ],
)
def test_holdout_ratios(
    name: str, ratios: list[float], expected: list[float], faces: Faces
) -> None:
    found = split(faces, name, ratios=ratios)
    check_disjoint(found)
    by_person = name == "holdout" and faces.subject is not None
    tolerance = 0.031 if by_person else 0.01  # a person is 5 %
    assert sizes(found, faces) == pytest.approx(expected, abs=tolerance)
    assert sum(len(found.part(part)) for part in PARTS) == len(faces)
    check_stratified(found, faces)


def test_stratified_where_classes_differ_in_size() -> None:
    few = np.flatnonzero((UNKNOWN.labels != 1) | (np.arange(len(UNKNOWN)) % 4 == 0))
    faces = replace(
        UNKNOWN,
        images=UNKNOWN.images[few],
        labels=UNKNOWN.labels[few],
        names=UNKNOWN.names[few],
        part=None,
    )
    for name in ("holdout", "kfold", "random_kfold"):
        check_stratified(split(faces, name), faces)
        assert 1 in faces.labels[split(faces, name).test]


@pytest.mark.parametrize("name", FOLDED)
def test_folds_test_every_image_once(name: str) -> None:
    folds = 20 if name == "leave_one_subject_out" else 5
    found = [split(KNOWN, name, fold=fold) for fold in range(folds)]
    tested = np.concatenate([each.test for each in found])
    assert np.array_equal(np.sort(tested), np.arange(len(KNOWN)))
    for each in found:
        check_disjoint(each)
        assert sum(len(each.part(part)) for part in PARTS) == len(KNOWN)
        assert sizes(each, KNOWN)[2] == pytest.approx(1 / folds, abs=0.06)
        assert sizes(each, KNOWN)[1] == pytest.approx(0.1 * (1 - 1 / folds), abs=0.06)
        assert set(KNOWN.labels[each.test]) == set(range(7))
    assert len({each.hash for each in found}) == len({each.test_part for each in found}) == folds


def test_folds_are_counted() -> None:
    assert count_folds(KNOWN, protocol("kfold", folds=7)) == 7
    assert count_folds(KNOWN, protocol("leave_one_subject_out")) == 20
    with pytest.raises(ConfigError, match="does not say who is on a picture"):
        count_folds(UNKNOWN, protocol("leave_one_subject_out"))


def test_one_person_alone_cannot_be_left_out() -> None:
    with pytest.raises(ConfigError, match="all images show one person"):
        split(made_faces(people=1), "leave_one_subject_out")


@pytest.mark.parametrize("name", ["holdout", "random_holdout", "kfold", "random_kfold"])
@pytest.mark.parametrize("faces", [KNOWN, UNKNOWN], ids=["people", "no people"])
def test_the_seed_decides(name: str, faces: Faces) -> None:
    first = split(faces, name, seed=0)
    again = split(faces, name, seed=0)
    assert first.hash == again.hash and np.array_equal(first.train, again.train)
    other = make_split(faces, protocol(name, seed=1))
    assert other.hash != first.hash and not np.array_equal(first.test, other.test)


@pytest.mark.parametrize("name", ["subject_kfold", "leave_one_subject_out"])
def test_people_must_be_known(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"protocol={name}: .*use kfold"):
        split(UNKNOWN, name)


def test_folds_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"protocol\.fold=20: there are 20 people, use 0 to 19"):
        split(KNOWN, "leave_one_subject_out", fold=20)
    with pytest.raises(ConfigError, match=r"protocol\.folds=50: no class has so many images"):
        split(UNKNOWN, "kfold", folds=50)
    with pytest.raises(ConfigError, match=r"protocol\.folds=21: 20 people, 21 folds: use fewer"):
        split(KNOWN, "kfold", folds=21)
    alone = replace(KNOWN, subject=np.full(len(KNOWN), "p00"))
    with pytest.raises(ConfigError, match=r"protocol\.folds=5: 1 person, 5 folds: use fewer"):
        split(alone, "subject_kfold", folds=5)


@pytest.mark.parametrize("faces", [KNOWN, UNKNOWN], ids=["people", "no people"])
def test_a_share_too_small_is_told(faces: Faces) -> None:
    few = np.flatnonzero(faces.labels < 3)[:12]
    subject = None if faces.subject is None else np.full(12, "p00")
    small = replace(
        faces,
        images=faces.images[few],
        labels=faces.labels[few],
        names=faces.names[few],
        subject=subject,
        part=None,
        classes=faces.classes[:3],
    )
    why = "every class needs an image" if subject is None else "they show 1 person, and both"
    with pytest.raises(DataError, match=rf"a share of 0\.1 cannot be cut off 12 images: {why}"):
        split(small, "holdout")


def test_empty_parts_and_classes_are_told() -> None:
    assert UNKNOWN.part is not None
    nobody = replace(UNKNOWN, part=np.where(UNKNOWN.part == "training", "no", UNKNOWN.part))
    with pytest.raises(DataError, match="the training part of protocol official has no images"):
        split(nobody, "official")
    without = np.where((UNKNOWN.labels == 1) & (UNKNOWN.part == "training"), "no", UNKNOWN.part)
    with pytest.raises(DataError, match="no training images of disgust"):
        split(replace(UNKNOWN, part=without), "official")
