"""Precision against recall of each class: what ROC curves hide where a class is rare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from fer.evaluation.figure_style import TEXT, dress, new_figure, save, strokes


def average_precision(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], classes: Sequence[str]
) -> dict[str, float]:
    """Area under each class' precision-recall curve, one against the rest.

    Scikit-learn's step-wise sum, without interpolation, which would be too optimistic (Davis and
    Goadrich, The Relationship Between Precision-Recall and ROC Curves, 2006).

    Args:
        labels: int64 `[N]`.
        probabilities: `[N, K]`, 0 to 1.
        classes: Names of the K classes.

    Returns:
        Class to 0 to 1, NaN for a class that has no images. Chance is the share of the class.
    """
    return {
        name: float(average_precision_score(labels == k, probabilities[:, k]))
        if (labels == k).any()
        else math.nan
        for k, name in enumerate(classes)
    }


def mean_precision(areas: dict[str, float]) -> float:
    """The unweighted mean over the classes that have images."""
    return float(np.nanmean(list(areas.values())))


def precision_recall_curves(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    classes: Sequence[str],
    path: Path,
    caption: str = "",
) -> None:
    """One-vs-rest precision-recall curve of each class, with its average precision in the legend.

    Args:
        labels: int64 `[N]`.
        probabilities: `[N, K]`, 0 to 1.
        classes: Names of the K classes; one without images has no curve.
        path: PNG to write.
        caption: What the figures were measured on.
    """
    figure = new_figure(6.3, 4.1)
    axes = figure.subplots()
    dress(axes, x="recall", y="precision")
    areas = average_precision(labels, probabilities, classes)
    for k, name in enumerate(classes):
        if math.isnan(areas[name]):
            continue
        precision, recall, _ = precision_recall_curve(labels == k, probabilities[:, k])
        found = recall > 0
        precision, recall = precision[found][::-1], recall[found][::-1]  # from the surest on
        at = np.searchsorted(recall, np.linspace(0.04, 0.96, 8) + 0.012 * k)
        axes.plot(
            recall,
            precision,
            drawstyle="steps-pre",
            **strokes(k),
            markevery=np.unique(at.clip(max=len(recall) - 1)).tolist(),
            markersize=4,
            linewidth=1.3,
            label=f"{name} ({areas[name]:.3f}; {np.mean(labels == k):.3f})",
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_aspect("equal")
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.02, 0.5),
        fontsize=TEXT - 0.5,
        frameon=False,
        title=f"class (AP; chance)\nmean AP {mean_precision(areas):.3f}",
        title_fontsize=TEXT - 0.5,
        handlelength=3.2,
    )
    save(figure, path, caption)
