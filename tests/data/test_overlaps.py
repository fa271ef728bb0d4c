"""People and recordings on two sides of a split."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from fer.data.faces import Faces
from fer.data.overlaps import overlap_notes
from fer.errors import DataError
from tests.data.splitting import (
    KNOWN,
    PARTS,
    UNKNOWN,
    people,
    split,
)

BY_PERSON = ("holdout", "kfold", "subject_kfold", "leave_one_subject_out")


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
