"""The figures of a run: learning curves, confusion matrix, ROC curves, sheets of faces."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from fer.evaluation.figure_style import COLOURS, TEXT, dress, new_figure, save, strokes
from fer.evaluation.metrics import class_auroc
from fer.evaluation.predictions import Predictions

_PARTS = ("train", "validation")


def learning_curves(
    rows: Sequence[Mapping[str, float]],
    path: Path,
    best_epoch: int | None = None,
    caption: str = "",
    steps: float | None = None,
) -> None:
    """Loss and accuracy of training and validation over the epochs, side by side.

    Args:
        rows: Rows of `metrics.csv` with `epoch` and any of `train/loss`, `validation/loss`,
            `train/accuracy`, `validation/accuracy`; what is missing or NaN is not drawn.
        path: PNG to write.
        best_epoch: The epoch whose weights were kept; by default that of the highest
            `validation/accuracy`, the earliest where several are equal.
        caption: What the figures were measured on.
        steps: Optimiser steps of an epoch; with it, they are counted along the top.
    """
    if best_epoch is None:
        scores = _series(rows, "validation/accuracy")
        best_epoch = max(scores, key=lambda epoch: scores[epoch]) if scores else None
    figure = new_figure(7, 2.9)
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        dress(axes, name.capitalize(), x="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
        if steps:
            _count_steps(axes, steps)
        if name == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        for k, part in enumerate(_PARTS):
            _curve(axes, _series(rows, f"{part}/{name}"), k, part, best_epoch)
        if best_epoch is not None:
            axes.axvline(best_epoch, color="#666666", linewidth=0.9, linestyle=":", zorder=1)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=TEXT - 1, edgecolor="none", framealpha=0.9)
    save(figure, path, caption)


def _count_steps(axes: Axes, steps: float) -> None:
    """A second scale on top: optimiser steps beside epochs."""
    both_ways = (lambda x: np.multiply(x, steps), lambda x: np.divide(x, steps))
    top = axes.secondary_xaxis("top", functions=both_ways)
    top.set_xlabel("optimiser steps", fontsize=TEXT - 1)
    top.tick_params(labelsize=TEXT - 2)
    top.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    top.spines["top"].set_visible(False)


def _series(rows: Sequence[Mapping[str, float]], key: str) -> dict[int, float]:
    """Epoch to value, for the rows that have a number under `key`."""
    pairs = ((int(row["epoch"]), row.get(key, math.nan)) for row in rows)
    return {epoch: value for epoch, value in pairs if math.isfinite(value)}


def _curve(axes: Axes, series: dict[int, float], k: int, part: str, best: int | None) -> None:
    """One line with its markers, and the best epoch ringed with its value in the legend."""
    if not series:
        return
    note = f", {series[best]:.3f} at epoch {best}" if best in series else ""
    axes.plot(
        list(series),
        list(series.values()),
        **strokes(k),
        markevery=max(1, len(series) // 10),
        markersize=3.5,
        linewidth=1.4,
        label=f"{part}{note}" if part == "validation" else part,
    )
    if best in series:
        axes.plot(best, series[best], "o", mfc="none", mec=COLOURS[k], markersize=8, mew=1.2)


def confusion_matrix(
    matrix: NDArray[np.int64], classes: Sequence[str], path: Path, caption: str = ""
) -> None:
    """Counts and, as colour and below each count, the share of the true class.

    Args:
        matrix: int `[K, K]`, rows are the truth.
        classes: Names of the K classes.
        path: PNG to write.
        caption: What the figures were measured on.
    """
    support = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, support, out=np.zeros(matrix.shape), where=support > 0)
    k = len(classes)
    figure = new_figure(1.6 + 0.72 * k, 1.1 + 0.6 * k)
    axes = figure.subplots()
    dress(axes, x="predicted", y="truth")
    axes.grid(visible=False)
    picture = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(k), classes)
    axes.set_yticks(range(k), [f"{c} ({n})" for c, n in zip(classes, support[:, 0], strict=True)])
    for (row, column), count in np.ndenumerate(matrix):
        dark = share[row, column] > 0.7
        axes.text(
            column,
            row,
            f"{count}\n{share[row, column]:.1%}" if support[row, 0] else "n/a",
            ha="center",
            va="center",
            fontsize=TEXT - 1,
            fontweight="bold" if row == column else "normal",
            color="white" if dark else "black",
        )
    bar = figure.colorbar(picture, ax=axes, format=PercentFormatter(1))
    bar.set_label("share of the true class", fontsize=TEXT)
    bar.ax.tick_params(labelsize=TEXT - 1)
    save(figure, path, caption)


def roc_curves(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    classes: Sequence[str],
    path: Path,
    caption: str = "",
) -> None:
    """One-vs-rest ROC curve of each class, with its area in the legend.

    Args:
        labels: int `[N]`.
        probabilities: `[N, K]`, 0 to 1.
        classes: Names of the K classes; one without test images has no curve.
        path: PNG to write.
        caption: What the figures were measured on.
    """
    figure = new_figure(5.7, 4.1)
    axes = figure.subplots()
    dress(axes, x="false positive rate", y="true positive rate")
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.9, label="chance (0.500)")
    areas = class_auroc(labels, np.asarray(probabilities, dtype=np.float64))
    for k, name in enumerate(classes):
        if math.isnan(areas[k]):
            continue
        wrong, right, _ = roc_curve(labels == k, probabilities[:, k])
        at = np.searchsorted(wrong, np.linspace(0.02, 0.98, 9) + 0.012 * k).clip(max=len(wrong) - 1)
        axes.plot(
            wrong,
            right,
            **strokes(k),
            markevery=np.unique(at).tolist(),
            markersize=4,
            linewidth=1.3,
            label=f"{name} ({areas[k]:.3f})",
        )
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    mean = f"mean AUC {np.nanmean(areas):.3f}" if not np.isnan(areas).all() else "no AUC"
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.02, 0.5),
        fontsize=TEXT - 0.5,
        frameon=False,
        title=f"class (AUC)\n{mean}",
        title_fontsize=TEXT - 0.5,
        handlelength=3.2,
    )
    save(figure, path, caption)


def worst_mistakes(
    images: NDArray[np.uint8],
    predictions: Predictions,
    path: Path,
    rows: int = 4,
    columns: int = 8,
    caption: str = "",
) -> None:
    """The mistakes the model was surest of, surest first: a look at them finds wrong labels too.

    Args:
        images: uint8 `[N, H, W]` or `[N, H, W, 3]`, the faces of `predictions` in their order.
        predictions: What the model said.
        path: PNG to write; where there is no mistake, the sheet says so.
        rows: Rows of faces at most.
        columns: Faces in a row.
        caption: What the figures were measured on.
    """
    said = predictions.predicted
    mistakes = np.flatnonzero(said != predictions.labels)
    sureness = predictions.probabilities[mistakes, said[mistakes]]
    worst = mistakes[np.argsort(-sureness, kind="stable")][: rows * columns]
    titles = [
        f"{predictions.classes[predictions.labels[i]]} →\n{predictions.classes[said[i]]}, "
        f"{predictions.probabilities[i, said[i]]:.2f}"
        for i in worst
    ]
    empty = "No face was taken for another."
    face_sheet(images[worst], titles, path, columns, empty, caption)


def face_sheet(
    images: NDArray[np.uint8],
    titles: Sequence[str],
    path: Path,
    columns: int,
    empty: str = "No faces.",
    caption: str = "",
) -> None:
    """Faces in a grid, each under its title.

    Args:
        images: uint8 `[N, H, W]` or `[N, H, W, 3]`.
        titles: N titles of one or two lines; an empty one leaves its line free.
        path: PNG to write.
        columns: Faces in a row.
        empty: What the sheet says when N is 0.
        caption: Above all, in small letters.
    """
    gap, line = 0.06, 0.16  # in sides of a face
    tops, bottom = [], 0.0
    for first in range(0, len(images), columns):
        row = [title.count("\n") + 1 for title in titles[first : first + columns] if title]
        tops.append(bottom + gap + line * max(row, default=0))
        bottom = tops[-1] + 1
    width, height = columns * (1 + gap), max(bottom, 1)
    figure = new_figure(0.9 * width, 0.9 * height)
    axes = figure.subplots()
    axes.set_axis_off()
    for i, (image, title) in enumerate(zip(images, titles, strict=False)):
        left, top = i % columns * (1 + gap), tops[i // columns]
        where = (left, left + 1, top + 1, top)
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest", extent=where)
        axes.text(left + 0.5, top - 0.03, title, fontsize=TEXT - 1.5, ha="center", va="bottom")
    axes.set(xlim=(0, width), ylim=(height, 0))
    if not len(images):
        figure.text(0.5, 0.5, empty, ha="center", va="center", fontsize=TEXT + 1)
    save(figure, path, caption)
