"""Test accuracy with and without images that training has met before."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fer.data.copies import TestCopies
from fer.data.faces import SEVEN
from fer.evaluation.intervals import bootstrap_intervals
from fer.evaluation.leakage import leakage, leakage_text
from fer.evaluation.predictions import Predictions


def predictions(right: np.ndarray) -> Predictions:
    labels = np.arange(len(right)) % 7
    said = np.where(right, labels, (labels + 1) % 7)
    names = np.array([f"f{i}" for i in range(len(right))])
    return Predictions(labels, np.eye(7)[said], SEVEN, names)


def told(known: np.ndarray, conflicting: np.ndarray | None = None) -> TestCopies:
    return TestCopies(known, np.zeros_like(known) if conflicting is None else conflicting)


def test_accuracy_with_and_without() -> None:
    right = np.array([True] * 6 + [False] * 4)
    known = np.array([True] * 4 + [False] * 5 + [True])
    found = leakage(predictions(right), told(known, np.arange(10) == 9))
    assert (found["in_training"], found["n_without"], found["conflicting"]) == (5, 5, 1)
    assert found["accuracy"] == 0.6
    assert (found["accuracy_copies"], found["accuracy_without"]) == (0.8, 0.4)
    text = leakage_text({"copies": found, "n": 10})
    assert text is not None and text.startswith(
        "copies: 5 of the 10 images are exact copies of training images, 1 of them under another "
        "class there; accuracy with them 0.600, without them 0.400 (95 % "
    )


def test_the_interval_is_that_of_the_bootstrap() -> None:
    right = np.random.default_rng(3).random(1200) < 0.7
    known = np.arange(1200) < 200
    found, rest = leakage(predictions(right), told(known)), predictions(right[200:])
    assert found["accuracy_without"] == right[200:].mean()
    drawn = bootstrap_intervals(rest.labels, rest.probabilities)["accuracy"]
    assert found["interval_without"] == pytest.approx(drawn, abs=0.005)


def test_no_copies_and_nothing_but_copies() -> None:
    right = np.array([True, False, True])
    none = leakage(predictions(right), told(np.zeros(3, dtype=bool)))
    assert none["accuracy_without"] == none["accuracy"] and math.isnan(none["accuracy_copies"])
    line = "copies: none of the 3 images is an exact copy of a training image"
    assert leakage_text({"copies": none, "n": 3}) == line
    every = leakage(predictions(right), told(np.ones(3, dtype=bool)))
    assert every["n_without"] == 0 and math.isnan(every["accuracy_without"])
    assert "without them no image is left" in str(leakage_text({"copies": every, "n": 3}))


def test_nothing_is_told_where_copies_were_not_looked_for() -> None:
    assert leakage_text({"n": 3}) is None
