"""Settings by class, once the data has said which classes it has."""

from __future__ import annotations

import pytest

from fer.checks import check_training
from fer.checks.classes import check_classes
from fer.data.faces import SEVEN
from fer.errors import ConfigError
from tests.composing import composed

EIGHT = (*SEVEN, "contempt")


@pytest.mark.parametrize(
    ("overrides", "classes", "words"),
    [
        (
            "loss.class_weights=[1,2,3]",
            SEVEN,
            "loss.class_weights=[1, 2, 3] 7 numbers one per class",
        ),
        ("loss.class_weights=[1,1,1,1,1,1,1]", EIGHT, "loss.class_weights 8 numbers contempt"),
        ("data.oversample={contempt:2}", SEVEN, "data.oversample contempt angry, disgust"),
    ],
)
def test_classes_that_the_data_does_not_have_are_refused(
    overrides: str, classes: tuple[str, ...], words: str
) -> None:
    chosen = composed(overrides)
    check_training(chosen)
    with pytest.raises(ConfigError) as refusal:
        check_classes(chosen, classes)
    assert not [word for word in words.split() if word not in str(refusal.value)]


@pytest.mark.parametrize(
    ("overrides", "classes"),
    [
        ("loss.class_weights=[1,1,1,1,1,1,1,1]", EIGHT),
        ("loss.class_weights=balanced", EIGHT),
        ("data.oversample={contempt:2,fear:3}", EIGHT),
        ("seed=0", SEVEN),
    ],
)
def test_classes_that_the_data_has_are_accepted(overrides: str, classes: tuple[str, ...]) -> None:
    check_classes(composed(overrides), classes)
