"""Temperature, threshold and ECE against plain loops and scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import log_loss

from fer.evaluation import confidence_figures
from fer.evaluation.calibration import (
    TEMPERATURES,
    calibration,
    fit_calibration,
    fit_temperature,
    reliability,
    rescale,
    sure_threshold,
)
from fer.evaluation.predictions import Predictions


def said(labels: np.ndarray, probabilities: np.ndarray) -> Predictions:
    classes = tuple(f"class{k}" for k in range(probabilities.shape[1]))
    return Predictions(labels, probabilities, classes, np.arange(len(labels)).astype(str))


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits)
    return odds / odds.sum(axis=1, keepdims=True)


def too_sure(by: float, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from a softmax, and the probabilities of logits `by` times as large."""
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(n, 4)) * 1.5
    labels = np.array([generator.choice(4, p=row) for row in softmax(logits)])
    return labels, softmax(logits * by)


def loop_ece(labels: np.ndarray, probabilities: np.ndarray) -> float:
    total = 0.0
    for k in range(15):
        inside = []
        for label, row in zip(labels, probabilities, strict=True):
            if k / 15 <= max(row) < (k + 1) / 15 or (k == 14 and max(row) == 1):
                inside.append((max(row), float(np.argmax(row) == label)))
        if inside:
            sure, right = np.mean(inside, axis=0)
            total += len(inside) / len(labels) * abs(sure - right)
    return total


@pytest.mark.parametrize("by", [0.5, 1.0, 2.5])
def test_temperature_takes_back_what_made_it_too_sure(by: float) -> None:
    labels, probabilities = too_sure(by)
    found = fit_temperature(labels, probabilities)
    assert found == pytest.approx(by, rel=0.1)
    grid = np.linspace(0.9, 1.1, 201) * found
    losses = [log_loss(labels, softmax(np.log(probabilities) / t)) for t in grid]
    assert grid[np.argmin(losses)] == pytest.approx(found, rel=2e-3)


def test_figures_before_and_after_are_those_of_plain_loops() -> None:
    labels, probabilities = too_sure(3.0, n=500)
    found = calibration(said(labels, probabilities), temperature=3.0)
    scaled = softmax(np.log(probabilities) / 3.0)
    assert found == pytest.approx(
        {
            "temperature": 3.0,
            "ece": loop_ece(labels, probabilities),
            "ece_scaled": loop_ece(labels, scaled),
            "nll": log_loss(labels, probabilities),
            "nll_scaled": log_loss(labels, scaled),
        }
    )
    assert found["ece_scaled"] < found["ece"] / 2


@pytest.mark.parametrize("temperature", [*TEMPERATURES, 1.0])
def test_no_answer_changes(temperature: float, answers: Callable) -> None:
    _, probabilities = answers(0)
    probabilities[0] = np.eye(7)[3]  # certain, with zeros
    scaled = rescale(probabilities.astype(np.float32), temperature)
    assert np.isfinite(scaled).all()
    assert scaled.sum(axis=1) == pytest.approx(1)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_a_model_that_is_never_wrong_gets_the_lowest_temperature() -> None:
    odds = np.array([[0.6, 0.4], [0.3, 0.7]])
    found = fit_temperature(np.array([0, 1]), odds)
    assert found == pytest.approx(TEMPERATURES[0], rel=0.01)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("accuracy", [0.5, 0.7, 0.9, 1.0])
def test_threshold_is_the_lowest_that_keeps_enough_right(
    accuracy: float, ties: bool, answers: Callable
) -> None:
    labels, probabilities = answers(2, n=200, ties=ties)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    good = [t for t in confidence if right[confidence >= t].mean() >= accuracy]
    expected = min(good) if good else None
    assert sure_threshold(labels, probabilities, accuracy) == expected


def test_no_threshold_where_the_surest_are_wrong() -> None:
    odds = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = fit_calibration(said(np.array([1, 0]), odds), sure_accuracy=0.9)
    assert (found.threshold, found.kept, found.n) == (None, 0, 2)


def test_no_threshold_on_a_handful_of_faces() -> None:
    labels, probabilities = too_sure(2.5)
    right = np.flatnonzero(probabilities.argmax(axis=1) == labels)
    found = [
        fit_calibration(said(labels[right[:n]], probabilities[right[:n]]), 0.8) for n in (9, 10)
    ]
    assert [each.threshold is None for each in found] == [True, False]
    assert [each.kept for each in found] == [0, 10]


def test_threshold_is_of_the_scaled_confidences() -> None:
    labels, probabilities = too_sure(2.5)
    found = fit_calibration(said(labels, probabilities), sure_accuracy=0.8)
    scaled = rescale(probabilities, found.temperature)
    kept = scaled.max(axis=1) >= found.threshold
    assert kept.sum() == found.kept
    assert (scaled.argmax(axis=1) == labels)[kept].mean() >= 0.8
    assert found.threshold == pytest.approx(sure_threshold(labels, scaled, 0.8))


def test_reliability_adds_up_to_the_ece(answers: Callable) -> None:
    labels, probabilities = answers(3)
    share, confidence, accuracy = reliability(labels, probabilities)
    assert share.sum() == pytest.approx(1)
    assert np.isnan(accuracy[share == 0]).all()
    full = share > 0
    gaps = share[full] * np.abs(confidence[full] - accuracy[full])
    assert gaps.sum() == pytest.approx(loop_ece(labels, probabilities))


@pytest.mark.parametrize("temperature", [None, 1.7])
def test_diagram_shows_both_where_there_is_a_temperature(
    temperature: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: Callable,
) -> None:
    kept: list[Figure] = []
    monkeypatch.setattr(
        confidence_figures, "save", lambda figure, path, caption: kept.append(figure)
    )
    labels, probabilities = answers(0)
    confidence_figures.reliability_diagram(said(labels, probabilities), temperature, tmp_path, "c")
    titles = [axes.get_title(loc="left") for axes in kept[0].axes if axes.get_title(loc="left")]
    ece = loop_ece(labels, probabilities)
    assert titles[0] == f"as predicted: ECE {ece:.3f}"
    assert [title.split(":")[0] for title in titles[1:]] == (
        [] if temperature is None else ["temperature 1.70"]
    )
