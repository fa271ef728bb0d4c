"""Figures that a user's own packages add to those of every test report and every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.extending.registry import Registry

Measure = Callable[[NDArray[np.int64], NDArray[np.float64]], Any]
"""From labels int64 `[N]` and probabilities float64 `[N, K]` to a number; NaN where undefined."""

HEADLINE = (
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "f1_weighted",
    "precision_weighted",
    "recall_weighted",
    "auroc_macro",
    "ece",
    "nll",
    "binary_accuracy_elementwise",
    "support",
)
"""Names that `fer.evaluation.metrics.headline` gives to its own."""

METRICS: Registry[Measure] = Registry("metric", taken=(*HEADLINE, "loss"))
"""By the name that stands in reports, `metrics.csv` and comparisons."""


def measure_own(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """Every figure that a plugin adds.

    Args:
        labels: int64 `[N]`, 0 to K - 1.
        probabilities: float64 `[N, K]`, 0 to 1.

    Returns:
        Names to values; empty without plugins.
    """
    return {
        name: float(measure(labels, probabilities)) for name, measure in METRICS.loaded().items()
    }


def own_names(metrics: Iterable[str]) -> list[str]:
    """Those of a report's names that some plugin has added, in order."""
    return [name for name in metrics if name not in HEADLINE]
