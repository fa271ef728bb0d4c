"""Selective prediction: how accurate a model is on the faces that it is surest of.

Coverage is the share of faces that are answered, surest first; risk is the share of wrong answers
among them. Faces of equal confidence count as if they came in every order equally often.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.evaluation.predictions import Predictions

COVERAGES = (100, 90, 80, 50)
"""Per cent of the faces at which accuracy is told."""


def risks(predictions: Predictions) -> NDArray[np.float64]:
    """float64 `[N]`: share of wrong answers among the 1, 2, ..., N surest faces.

    Examples:
        >>> odds = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
        >>> said = Predictions(np.array([0, 1, 1]), odds, ("sad", "happy"), np.array(list("abc")))
        >>> risks(said).round(3).tolist()
        [0.0, 0.0, 0.333]
    """
    confidence = predictions.probabilities.max(axis=1)
    wrong = (predictions.predicted != predictions.labels).astype(np.float64)
    _, group, size = np.unique(-confidence, return_inverse=True, return_counts=True)
    spread = np.repeat(np.bincount(group, weights=wrong) / size, size)
    found: NDArray[np.float64] = np.cumsum(spread) / np.arange(1, len(wrong) + 1)
    return found


def selective(predictions: Predictions) -> dict[str, Any]:
    """Area under the risk-coverage curve, and accuracy of the surest faces.

    Returns:
        `aurc`, 0 to 1, the mean risk over all coverages (Geifman, Uziel and El-Yaniv,
        Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, 2019; lower is better),
        and `accuracy_at`, from per cent of the faces (`100`, `90`, `80`, `50`) to accuracy.
    """
    found = risks(predictions)
    counts = [max(1, round(len(found) * percent / 100)) for percent in COVERAGES]
    return {
        "aurc": float(found.mean()),
        "accuracy_at": {
            str(percent): float(1 - found[count - 1])
            for percent, count in zip(COVERAGES, counts, strict=True)
        },
    }
