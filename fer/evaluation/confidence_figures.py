"""Figures of a model's sureness: reliability diagram, and accuracy against coverage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from fer.evaluation.calibration import reliability, rescale
from fer.evaluation.figure_style import COLOURS, TEXT, dress, new_figure, save
from fer.evaluation.metrics import ECE_BINS, expected_calibration_error
from fer.evaluation.predictions import Predictions
from fer.evaluation.selective import risks, selective

FEW = 10
"""Bins of fewer faces say little of accuracy; they are drawn hollow."""


def reliability_diagram(
    predictions: Predictions, temperature: float | None, path: Path, caption: str = ""
) -> None:
    """Accuracy of each bin of confidence beside the confidence itself, and how full the bins are.

    Args:
        predictions: What the model said.
        temperature: Fitted on validation; a second panel shows what it does. None leaves it out.
        path: PNG to write.
        caption: What the figures were measured on.
    """
    probabilities = predictions.probabilities.astype(np.float64)
    panels = {"as predicted": probabilities}
    if temperature is not None:
        panels[f"temperature {temperature:.2f}"] = rescale(probabilities, temperature)
    figure = new_figure(3.6 * len(panels), 3.9)
    grid = figure.subplots(2, len(panels), height_ratios=[4, 1], sharex=True, squeeze=False)
    for (title, odds), (above, below) in zip(panels.items(), grid.T, strict=True):
        ece = expected_calibration_error(predictions.labels, odds)
        dress(above, f"{title}: ECE {ece:.3f}", y="accuracy")
        dress(below, x="confidence (probability of the answer)", y="faces")
        _bars(above, below, predictions.labels, odds)
    handles, words = grid[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, words, loc="outside lower center", ncols=3, fontsize=TEXT - 1, frameon=False
    )
    save(figure, path, caption)


def _bars(above: Axes, below: Axes, labels: NDArray[np.int64], odds: NDArray[np.float64]) -> None:
    """A panel: accuracy as bars, the gap to the confidence hatched, the bins' shares below."""
    share, confidence, accuracy = reliability(labels, odds)
    width = 1 / ECE_BINS
    left = np.arange(ECE_BINS) * width
    few = share * len(labels) < FEW
    bars: dict[str, Any] = {
        "width": width,
        "align": "edge",
        "edgecolor": "#333333",
        "linewidth": 0.6,
    }
    above.bar(left[~few], accuracy[~few], color="#8fb8d8", **bars)
    above.bar(
        left[few],
        accuracy[few],
        color="none",
        linestyle=":",
        label=f"bins of fewer than {FEW} faces",
        **bars,
    )
    above.bar(
        left[~few],
        (confidence - accuracy)[~few],
        width,
        bottom=accuracy[~few],
        align="edge",
        fill=False,
        hatch="/////",
        edgecolor=COLOURS[1],
        linewidth=0.6,
        label="gap to the confidence",
    )
    above.plot(
        [0, 1], [0, 1], color="#333333", linestyle="--", linewidth=1, label="as sure as right"
    )
    above.set(xlim=(0, 1), ylim=(0, 1))
    below.bar(left, share, color="#bbbbbb", **bars)
    below.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def coverage_curve(predictions: Predictions, path: Path, caption: str = "") -> None:
    """Accuracy of the surest faces against their share.

    Args:
        predictions: What the model said.
        path: PNG to write.
        caption: What the figures were measured on.
    """
    found, told = risks(predictions), selective(predictions)
    figure = new_figure(5.2, 3.3)
    axes = figure.subplots()
    dress(axes, x="coverage (share of the faces that are answered, surest first)", y="accuracy")
    coverage = np.arange(1, len(found) + 1) / len(found)
    axes.plot(coverage, 1 - found, color=COLOURS[0], linewidth=1.5)
    low = 1.0
    for percent, accuracy in told["accuracy_at"].items():
        at, low = int(percent) / 100, min(low, accuracy)
        axes.plot(at, accuracy, "o", color=COLOURS[1], markeredgecolor="black", markersize=6)
        axes.annotate(
            f"{accuracy:.1%}",
            (at, accuracy),
            xytext=(1, 6),
            textcoords="offset points",
            ha="left" if percent == "50" else "center",
            va="bottom",
            fontsize=TEXT - 1,
        )
    axes.axhline(1 - found[-1], color="#666666", linestyle=":", linewidth=1)
    axes.set_title(
        f"area under the risk-coverage curve {told['aurc']:.3f} (lower is better)",
        fontsize=TEXT,
        loc="left",
    )
    axes.set(xlim=(0, 1.05), ylim=(max(0.0, low - 0.1), 1.01))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    save(figure, path, caption)
