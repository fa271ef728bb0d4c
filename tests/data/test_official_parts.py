"""The publisher's own parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fer.data.faces import Faces
from fer.errors import ConfigError, DataError
from tests.data.made import made_faces
from tests.data.splitting import (
    PARTS,
    UNKNOWN,
    check_disjoint,
    check_stratified,
    sizes,
    split,
)


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
