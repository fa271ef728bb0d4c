"""The report of a robustness measurement: JSON, CSV, a figure, a sheet of faces, a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from fer.data.corruption_strengths import STRENGTHS
from fer.data.corruptions import CorruptedImages
from fer.evaluation.figure_style import COLOURS, TEXT, dress, new_figure, save
from fer.evaluation.figures import face_sheet
from fer.evaluation.report import caption, described
from fer.json_text import json_text
from fer.writing import aside, write_text


def write_robustness(folder: Path, results: Mapping[str, Any]) -> None:
    """Writes `robustness.json`, `robustness.csv` and `robustness.png`.

    Args:
        folder: Of the evaluation.
        results: The story of the evaluation, `n`, `clean` and `corrupted`, a row for each kind and
            strength.
    """
    path = folder / "robustness.csv"
    with aside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["kind", "strength", "value", "measure", "accuracy", "low", "high", "n"])
        accuracy, n = results["clean"]["accuracy"], results["n"]
        table.writerow(["none", 0, "", "", accuracy, *results["clean"]["interval"], n])
        for row in results["corrupted"]:
            measure = results["measures"][row["kind"]]
            head = [row["kind"], row["strength"], row["value"], measure]
            table.writerow([*head, row["accuracy"], *row["interval"], n])
    robustness_curves(results, folder / "robustness.png")
    write_text(folder / "robustness.json", json_text(results))


def robustness_curves(results: Mapping[str, Any], path: Path) -> None:
    """A panel for each kind: accuracy with its 95 % interval against strength.

    Args:
        results: See `write_robustness`.
        path: PNG to write.
    """
    kinds = list(results["measures"])
    columns = min(3, len(kinds))
    lines = -(-len(kinds) // columns)
    figure = new_figure(max(2.4 * columns, 5.0), 2.3 * lines + 0.4)
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for axes, kind in zip(panels, kinds, strict=False):
        rows = [row for row in results["corrupted"] if row["kind"] == kind]
        _panel(axes, kind, [results["clean"], *rows])
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    for axes in panels[::columns]:
        axes.set_ylabel("accuracy", fontsize=TEXT)
    panels[0].set_ylim(0, 1)
    panels[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    told = "bars: 95 % intervals; dotted line: the faces as they are"
    save(figure, path, f"{caption(results)}\n{told}")


def _panel(axes: Axes, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """One kind, from the faces as they are to the strongest."""
    dress(axes, kind, x=STRENGTHS[kind].measure.replace(", ", ",\n"))
    accuracy = np.array([row["accuracy"] for row in rows])
    ends = np.array([row["interval"] for row in rows])
    away = np.abs(ends.T - accuracy)
    axes.axhline(accuracy[0], color="#666666", linestyle=":", linewidth=1)
    axes.errorbar(
        range(len(rows)), accuracy, yerr=away, color=COLOURS[0], marker="o", markersize=4, capsize=3
    )
    names = ["none", *(f"{value:g}" for value in STRENGTHS[kind].values)]
    axes.set_xticks(range(len(rows)), names)


def corrupted_faces(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    kinds: Sequence[str],
    path: Path,
    caption: str,
) -> None:
    """A face as it is and at every strength of every kind, a row for each.

    Args:
        images: All faces, uint8 `[N, H, W]` or `[N, H, W, 3]`.
        indices: int64, of the faces that were corrupted; rows show some of them.
        kinds: Keys of `STRENGTHS`.
        path: PNG to write.
        caption: What was evaluated.
    """
    shown, titles = [], []
    for place, kind in enumerate(kinds):
        one = indices[[place * len(indices) // len(kinds)]]
        shown.append(np.asarray(images[one])[0])
        titles.append(f"{kind}: none")
        for value in STRENGTHS[kind].values:
            shown.append(CorruptedImages(images, kind, value)[one][0])
            titles.append(f"{value:g}")
    face_sheet(np.stack(shown), titles, path, columns=6, caption=caption)


def print_robustness(results: Mapping[str, Any]) -> None:
    """Prints a row for each kind, a column for each strength."""
    print(f"accuracy of corrupted faces: {described(results)}")
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    table.add_column("corruption")
    for column in ("none", "1", "2", "3", "4", "5"):
        table.add_column(column, justify="right", min_width=7)
    for kind in results["measures"]:
        rows = [row for row in results["corrupted"] if row["kind"] == kind]
        figures = [results["clean"]["accuracy"], *(row["accuracy"] for row in rows)]
        table.add_row(kind, *(f"{value:.3f}" for value in figures))
    Console(soft_wrap=False).print(table)
    low, high = results["clean"]["interval"]
    print(
        f"mean accuracy over all kinds and strengths {results['mean_accuracy']:.3f}; of the faces "
        f"as they are {results['clean']['accuracy']:.3f} (95 % {low:.3f} to {high:.3f})"
    )
