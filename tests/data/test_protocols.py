from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from fer.data.faces import Faces
from fer.data.overlaps import overlap_notes
from fer.data.protocols import count_folds, make_split
from fer.data.splits import Split
from fer.errors import ConfigError, DataError
from tests.composing import settings
from tests.data.made import made_faces

PARTS = ("train", "validation", "test")
FOLDED = ("kfold", "random_kfold", "subject_kfold", "leave_one_subject_out")
BY_PERSON = ("holdout", "kfold", "subject_kfold", "leave_one_subject_out")
KNOWN, UNKNOWN = made_faces(parts=True), made_faces(subjects=False, parts=True)


def protocol(name: str, **changes: Any) -> dict[str, Any]:
    return settings(f"protocol={name}")["protocol"] | changes


def split(
    faces: Faces, name: str, limit: int | None = None, seed: int = 0, **changes: Any
) -> Split:
    return make_split(faces, protocol(name, **changes), limit, seed)


def sizes(found: Split, faces: Faces) -> list[float]:
    return [len(found.part(part)) / len(faces) for part in PARTS]


def check_disjoint(found: Split) -> None:
    for one, other in combinations(PARTS, 2):
        assert not set(found.part(one)) & set(found.part(other))
    for part in PARTS:
        assert np.all(np.diff(found.part(part)) > 0)


def people(found: Split, faces: Faces, part: str) -> set[str]:
    assert faces.subject is not None
    return set(faces.subject[found.part(part)])


def check_stratified(found: Split, faces: Faces) -> None:
    """Every part has of every class what its size asks for, to an image."""
    whole = np.bincount(faces.labels, minlength=7) / len(faces)
    for part in PARTS:
        own = np.bincount(faces.labels[found.part(part)], minlength=7)
        assert np.abs(own - whole * own.sum()).max() <= 1.5, part


@pytest.mark.parametrize("test", ["private", "public"])
@pytest.mark.parametrize("validation", ["public", "private", 0.25])
def test_official_parts(validation: str | float, test: str) -> None:
    if validation == test:
        with pytest.raises(DataError, match="into two parts"):
            split(UNKNOWN, "official", validation=validation, test=test)
        return
    found = split(UNKNOWN, "official", validation=validation, test=test)
    check_disjoint(found)
    assert UNKNOWN.part is not None
    assert set(UNKNOWN.part[found.test]) == {test} and found.test_part == test
    assert len(found.test) == np.sum(UNKNOWN.part == test)
    assert set(UNKNOWN.part[found.train]) == {"training"}
    drawn = not isinstance(validation, str)
    assert set(UNKNOWN.part[found.validation]) == {"training" if drawn else validation}
    if drawn:
        assert sizes(found, UNKNOWN)[:2] == pytest.approx([0.45, 0.15])
        check_stratified(found, UNKNOWN)


def test_official_both_test_parts_together() -> None:
    found = split(UNKNOWN, "official", validation=0.1, test="both")
    assert sizes(found, UNKNOWN) == pytest.approx([0.54, 0.06, 0.4], abs=0.01)
    assert found.test_part == "public+private"


def with_parts(**names: str) -> Faces:
    """The faces without people, their parts called otherwise."""
    assert UNKNOWN.part is not None
    return replace(UNKNOWN, part=np.array([names[part] for part in UNKNOWN.part]))


def test_official_with_a_single_test_part() -> None:
    faces = with_parts(training="training", public="training", private="test")
    found = split(faces, "official", validation=0.1)
    assert faces.part is not None and found.test_part == "test"
    assert np.array_equal(found.test, np.flatnonzero(faces.part == "test"))
    assert set(faces.part[np.concatenate([found.train, found.validation])]) == {"training"}
    assert sizes(found, faces) == pytest.approx([0.72, 0.08, 0.2], abs=0.01)
    same = split(faces, "official", validation=0.1, test="test")
    assert same.test_hash == found.test_hash and np.array_equal(same.train, found.train)


def test_official_with_training_validation_and_test() -> None:
    faces = with_parts(training="training", public="validation", private="test")
    found = split(faces, "official", validation="validation")
    assert faces.part is not None
    for part, indices in zip(("training", "validation", "test"), PARTS, strict=True):
        assert np.array_equal(found.part(indices), np.flatnonzero(faces.part == part))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, r"protocol\.validation=public: .* parts training, test; .*protocol\.validation=0\.1"),
        ({"validation": "validation"}, r"protocol\.validation=validation: .* training, test"),
        ({"validation": 0.1, "test": "public"}, r"protocol\.test=public: .* training, test"),
        ({"validation": 0.1, "test": "both"}, r"protocol\.test=both: .* training, test"),
    ],
)
def test_official_parts_that_are_not_there_are_refused(changes: Any, words: str) -> None:
    faces = with_parts(training="training", public="training", private="test")
    with pytest.raises(ConfigError, match=words):
        split(faces, "official", **changes)


def test_official_without_parts_is_refused() -> None:
    with pytest.raises(ConfigError, match="no parts of its own; use holdout or kfold"):
        split(made_faces(), "official")


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


@pytest.mark.parametrize("name", BY_PERSON)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nobody_is_on_two_sides(name: str, seed: int) -> None:
    found = split(KNOWN, name, seed=seed)
    for one, other in combinations(PARTS, 2):
        assert not people(found, KNOWN, one) & people(found, KNOWN, other)
    assert found.notes == ()


@pytest.mark.parametrize("name", ["random_holdout", "random_kfold"])
def test_random_protocols_tell_the_overlap(name: str) -> None:
    found = split(KNOWN, name)
    assert KNOWN.subject is not None
    seen = people(found, KNOWN, "train") | people(found, KNOWN, "validation")
    share = np.mean([person in seen for person in KNOWN.subject[found.test]])
    assert share > 0.9
    assert len(found.notes) == 1 and found.notes[0].startswith(f"{share:.1%} of the test images")
    assert split(UNKNOWN, name).notes == ()


def filmed(faces: Faces, length: int) -> Faces:
    """The same, where so many faces in a row of one person and class are one sequence."""
    assert faces.subject is not None
    taken: dict[tuple[str, int], int] = {}
    names = []
    for person, label in zip(faces.subject.tolist(), faces.labels.tolist(), strict=True):
        taken[person, label] = taken.get((person, label), -1) + 1
        names.append(f"{person}/{label}/{taken[person, label] // length}")
    return replace(faces, sequence=np.array(names))


def test_random_folds_tell_the_overlap_of_sequences_too() -> None:
    faces = filmed(KNOWN, 2)
    assert faces.sequence is not None
    found = split(faces, "random_kfold")
    seen = set(faces.sequence[found.train]) | set(faces.sequence[found.validation])
    share = np.mean([name in seen for name in faces.sequence[found.test]])
    assert 0.5 < share < 1
    assert len(found.notes) == 2
    assert found.notes[1] == (
        f"{share:.1%} of the test images show a frame of a sequence that is also in training"
    )
    assert split(faces, "subject_kfold").notes == ()
    alone = replace(faces, sequence=np.full(len(faces), ""))  # no face is of a known recording
    assert len(split(alone, "random_kfold").notes) == 1


def test_overlap_over_all_folds_is_that_of_all_test_images() -> None:
    faces = filmed(KNOWN, 2)
    sequence = faces.sequence
    assert sequence is not None
    folds = [split(faces, "random_kfold", fold=fold) for fold in range(5)]
    sides = [(np.concatenate([f.train, f.validation]), f.test) for f in folds]
    met = sum(int(np.isin(sequence[test], sequence[seen]).sum()) for seen, test in sides)
    notes = overlap_notes(faces, sides)
    assert notes[1].startswith(f"{met / len(faces):.1%} of the test images show a frame")


def test_folds_are_counted() -> None:
    assert count_folds(KNOWN, protocol("kfold", folds=7)) == 7
    assert count_folds(KNOWN, protocol("leave_one_subject_out")) == 20
    with pytest.raises(ConfigError, match="does not say who is on a picture"):
        count_folds(UNKNOWN, protocol("leave_one_subject_out"))


def test_one_person_alone_cannot_be_left_out() -> None:
    with pytest.raises(ConfigError, match="all images show one person"):
        split(made_faces(people=1), "leave_one_subject_out")


def test_a_person_on_both_official_sides_is_an_error() -> None:
    assert KNOWN.part is not None
    part = KNOWN.part.copy()
    part[np.flatnonzero(part == "training")[:3]] = "private"
    with pytest.raises(
        DataError, match=r"of the test images show a person who is also in training"
    ):
        split(replace(KNOWN, part=part), "official")


def test_a_person_in_training_and_validation_is_told() -> None:
    assert KNOWN.part is not None and KNOWN.subject is not None
    part = KNOWN.part.copy()
    part[np.flatnonzero(part == "training")[:3]] = "public"
    made = split(replace(KNOWN, part=part), "official")
    (told,) = made.cautions
    assert "of the validation images, which pick the epoch" in told and told in made.notes


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
