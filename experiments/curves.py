"""Learning curves of several runs side by side, for a study's README."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from fer.evaluation.figure_style import COLOURS, TEXT, dress, new_figure, save, strokes
from fer.runs.folder import RunFolder

PANELS = (
    ("train/loss", "Training loss"),
    ("train/accuracy", "Training accuracy"),
    ("validation/accuracy", "Validation accuracy"),
)
Points = Sequence[tuple[float, float]]


def draw_curves(runs: Mapping[str, RunFolder], path: Path, claimed: Mapping[str, Points]) -> None:
    """Loss and accuracy over optimiser steps, and the seconds that each run's epochs took.

    Args:
        runs: Label to run.
        path: PNG to write.
        claimed: Metric to the study's own points, (steps, value).
    """
    runs = {label: run for label, run in runs.items() if len(run.rows()) > 1}
    if not runs:
        return
    figure = new_figure(9.5, 2.9)
    *curves, last = figure.subplots(1, len(PANELS) + 1)
    for axes, (metric, title) in zip(curves, PANELS, strict=True):
        dress(axes, title, x="optimiser steps")
        if metric.endswith("accuracy"):
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        for k, run in enumerate(runs.values()):
            steps = _steps_of_epoch(run)
            points = [(row["epoch"] * steps, row.get(metric, math.nan)) for row in run.rows()]
            _line(axes, points, k)
        if metric in claimed:
            axes.plot(*zip(*claimed[metric], strict=True), "k*", markersize=7, label="claimed")
            axes.legend(fontsize=TEXT - 2, frameon=False)
    dress(last, "Seconds of an epoch")
    seconds = [float(np.median([row["seconds"] for row in run.rows()])) for run in runs.values()]
    colours = [COLOURS[k % len(COLOURS)] for k in range(len(runs))]
    last.barh(list(runs), seconds, height=0.6, color=colours)
    last.set_ylim(-0.6, max(len(runs), 3) - 0.4)
    last.invert_yaxis()
    last.grid(visible=False, axis="y")
    figure.legend(
        curves[0].lines[: len(runs)],
        list(runs),
        loc="outside lower center",
        ncols=min(len(runs), 6),
        fontsize=TEXT - 1,
        frameon=False,
    )
    save(figure, path)


def _line(axes: Axes, points: Points, k: int) -> None:
    """One run's curve; colour, dash and marker all say which."""
    axes.plot(
        *zip(*points, strict=True),
        **strokes(k),
        markevery=max(1, len(points) // 8),
        markersize=3.5,
        linewidth=1.3,
    )


def _steps_of_epoch(run: RunFolder) -> int:
    """Optimiser steps of an epoch: batches, less what is accumulated."""
    settings = run.settings
    batches = math.ceil(run.status["counts"]["train"] / settings["data"]["batch_size"])
    return math.ceil(batches / settings["trainer"]["accumulate"])
