"""Accuracy against coverage, and average precision, against plain loops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.data.faces import SEVEN
from fer.evaluation.confidence_figures import coverage_curve
from fer.evaluation.precision_recall import average_precision, precision_recall_curves
from fer.evaluation.predictions import Predictions
from fer.evaluation.selective import risks, selective


def said(labels: np.ndarray, probabilities: np.ndarray) -> Predictions:
    classes = tuple(SEVEN[: probabilities.shape[1]])
    return Predictions(labels, probabilities, classes, np.arange(len(labels)).astype(str))


def loop_risks(order: list[int], wrong: np.ndarray) -> list[float]:
    found, errors = [], 0
    for kept, face in enumerate(order, start=1):
        errors += int(wrong[face])
        found.append(errors / kept)
    return found


def test_area_and_accuracies_are_those_of_a_plain_loop(answers: Callable) -> None:
    labels, probabilities = answers(4, n=250)
    wrong = probabilities.argmax(axis=1) != labels
    order = sorted(range(250), key=lambda i: -probabilities[i].max())
    expected = loop_risks(order, wrong)
    found = selective(said(labels, probabilities))
    assert found["aurc"] == pytest.approx(np.mean(expected))
    assert found["accuracy_at"] == pytest.approx(
        {
            "100": 1 - expected[249],
            "90": 1 - expected[224],
            "80": 1 - expected[199],
            "50": 1 - expected[124],
        }
    )
    assert found["accuracy_at"]["100"] == pytest.approx(1 - wrong.mean())


def test_equal_confidences_count_in_every_order() -> None:
    odds = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.7, 0.3], [0.6, 0.4]])
    labels = np.array([0, 0, 0, 1, 0])
    wrong = odds.argmax(axis=1) != labels
    each = [loop_risks([0, *middle, 4], wrong) for middle in permutations([1, 2, 3])]
    assert risks(said(labels, odds)) == pytest.approx(np.mean(each, axis=0))


def test_average_precision_is_that_of_a_plain_loop(answers: Callable) -> None:
    labels, probabilities = answers(5, n=120, share=[0.3, 0, 0.2, 0.2, 0.1, 0.1, 0.1])
    found = average_precision(labels, probabilities, SEVEN)
    assert list(found) == list(SEVEN)
    assert np.isnan(found["disgust"])
    for k in (0, 2, 6):
        hits, total = 0, 0.0
        for rank, face in enumerate(np.argsort(-probabilities[:, k]), start=1):
            if labels[face] == k:
                hits += 1
                total += hits / rank
        assert found[SEVEN[k]] == pytest.approx(total / hits)


@pytest.mark.parametrize("n", [1, 7, 300])
def test_figures_of_few_and_many_faces(n: int, tmp_path: Path, answers: Callable) -> None:
    labels, probabilities = answers(6, n=n)
    coverage_curve(said(labels, probabilities), tmp_path / "coverage.png", "caption")
    precision_recall_curves(labels, probabilities, SEVEN, tmp_path / "pr.png", "caption")
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert len(picture.convert("L").getcolors()) > 2
