"""Validation accuracy of several runs over the epochs, and its mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from fer.evaluation.figure_style import COLOURS, TEXT, dress, new_figure, save

_KEY = "validation/accuracy"
_NAMED = 6
"""So many runs have a colour and a name; more are drawn alike."""


def repeat_curves(
    runs: Mapping[str, Sequence[Mapping[str, float]]], path: Path, caption: str = ""
) -> None:
    """A thin line for each run, a thick one for the mean over all.

    Args:
        runs: What to call a run -> rows of its `metrics.csv`.
        path: PNG to write.
        caption: What the runs are of.
    """
    figure = new_figure(5.7, 3.4)
    axes = figure.subplots()
    dress(axes, x="epoch", y="validation accuracy")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    by_epoch: dict[int, list[float]] = {}
    for k, (name, rows) in enumerate(runs.items()):
        known = {
            int(row["epoch"]): row[_KEY] for row in rows if math.isfinite(row.get(_KEY, math.nan))
        }
        for epoch, value in known.items():
            by_epoch.setdefault(epoch, []).append(value)
        named = len(runs) <= _NAMED
        axes.plot(
            list(known),
            list(known.values()),
            color=COLOURS[k % len(COLOURS)] if named else "#9a9a9a",
            linewidth=1.0,
            alpha=0.8 if named else 0.5,
            marker="." if len(known) < 2 else None,
            label=name if named else None,
        )
    # where some runs stopped early, a mean of the others would be of other runs
    whole = {
        epoch: values for epoch, values in sorted(by_epoch.items()) if len(values) == len(runs)
    }
    axes.plot(
        list(whole),
        [float(np.mean(values)) for values in whole.values()],
        color="black",
        linewidth=2.2,
        marker="o" if len(whole) < 2 else None,
        label=f"mean of {len(runs)} runs",
    )
    axes.legend(fontsize=TEXT - 1.5, edgecolor="none", framealpha=0.9)
    save(figure, path, caption)
