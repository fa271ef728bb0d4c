"""Whether a model is as sure as it is right, and one number that makes it so.

Temperature scaling: Guo et al., On Calibration of Modern Neural Networks, 2017, section 4.2. What
is fitted here is fitted on validation faces; a test only shows what it does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from fer.evaluation.metrics import (
    ECE_BINS,
    PROBABILITY_FLOOR,
    calibration_gaps,
    expected_calibration_error,
    image_nll,
)
from fer.evaluation.predictions import Predictions

TEMPERATURES = (0.05, 20.0)
"""Where a temperature is looked for; the lower end is met where no validation face is wrong."""

FEW = 10
"""Of fewer validation faces nobody knows how often such are right."""

_Float = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What the validation part says of a model's sureness.

    Attributes:
        temperature: Log-probabilities are divided by it; above 1 where the model is too sure.
        threshold: A face counts as sure from this confidence on, 0 to 1, after the temperature;
            None where no confidence leads to `sure_accuracy`, or to less than `FEW` faces.
        sure_accuracy: The accuracy that was asked of the sure faces, 0 to 1.
        kept: How many of the validation faces are sure.
        n: Number of validation faces.
    """

    temperature: float
    threshold: float | None
    sure_accuracy: float
    kept: int
    n: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def fit_calibration(validation: Predictions, sure_accuracy: float) -> Calibration:
    """Fits temperature and threshold.

    Args:
        validation: What the model said of the validation part, in the views of the test.
        sure_accuracy: See `Calibration`.
    """
    labels = validation.labels
    temperature = fit_temperature(labels, np.asarray(validation.probabilities, dtype=np.float64))
    scaled = rescale(validation.probabilities, temperature)
    threshold = sure_threshold(labels, scaled, sure_accuracy)
    kept = 0 if threshold is None else int((scaled.max(axis=1) >= threshold).sum())
    if kept < FEW:
        threshold, kept = None, 0
    return Calibration(temperature, threshold, sure_accuracy, kept, len(labels))


def rescale(probabilities: NDArray[np.floating], temperature: float) -> _Float:
    """Softmax of the log-probabilities over the temperature: the order of the classes stays.

    Args:
        probabilities: `[N, K]`, 0 to 1; of several views, their mean.
        temperature: Above 0; 1 changes nothing.

    Returns:
        float64 `[N, K]`, rows summing to 1.

    Examples:
        >>> rescale(np.array([[0.8, 0.2]]), temperature=2.0).round(3).tolist()
        [[0.667, 0.333]]
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), PROBABILITY_FLOOR)) / temperature
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: _Float = odds / odds.sum(axis=1, keepdims=True)
    return scaled


def fit_temperature(labels: NDArray[np.int64], probabilities: _Float) -> float:
    """The temperature of the least mean negative log-likelihood, within `TEMPERATURES`.

    Args:
        labels: int64 `[N]`, 0 to K - 1.
        probabilities: `[N, K]`, 0 to 1.
    """

    def loss(logarithm: float) -> float:
        return float(image_nll(labels, rescale(probabilities, float(np.exp(logarithm)))).mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def sure_threshold(
    labels: NDArray[np.int64], probabilities: _Float, accuracy: float
) -> float | None:
    """The lowest confidence such that the faces from it on are right so often.

    Selective classification (Geifman and El-Yaniv 2017) without their bound: on few faces the
    accuracy of others may be lower.

    Args:
        labels: int64 `[N]`.
        probabilities: `[N, K]`, 0 to 1.
        accuracy: Wanted of the kept faces, 0 to 1.

    Returns:
        One of the confidences, so that a face with it is kept; None where none will do.

    Examples:
        >>> odds = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
        >>> sure_threshold(np.array([0, 0, 1, 1]), odds, accuracy=0.6)
        0.7
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    good = np.flatnonzero((share >= accuracy) & last_of_equals)
    return float(ranked[good[-1]]) if len(good) else None


def calibration(predictions: Predictions, temperature: float) -> dict[str, float]:
    """What a temperature does to some faces: their ECE and NLL before and after."""
    figures = {"temperature": temperature}
    scaled = rescale(predictions.probabilities, temperature)
    for end, odds in (("", np.asarray(predictions.probabilities, np.float64)), ("_scaled", scaled)):
        figures[f"ece{end}"] = expected_calibration_error(predictions.labels, odds)
        figures[f"nll{end}"] = float(image_nll(predictions.labels, odds).mean())
    return figures


def reliability(labels: NDArray[np.int64], probabilities: _Float) -> tuple[_Float, _Float, _Float]:
    """The bars of a reliability diagram, bin by bin of the ECE.

    Args:
        labels: int64 `[N]`.
        probabilities: `[N, K]`, 0 to 1.

    Returns:
        float64 `[15]` each: share of the faces, mean confidence, accuracy (both NaN where a bin is
        empty).
    """
    bins, gaps = calibration_gaps(labels, probabilities)
    confidence = probabilities.max(axis=1)
    number = np.bincount(bins, minlength=ECE_BINS).astype(np.float64)

    def mean(values: _Float) -> _Float:
        sums = np.bincount(bins, weights=values, minlength=ECE_BINS)
        means: _Float = np.divide(sums, number, out=np.full(ECE_BINS, np.nan), where=number > 0)
        return means

    return number / len(labels), mean(confidence), mean(confidence - gaps)
