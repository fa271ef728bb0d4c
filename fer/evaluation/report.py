"""The test report of a run: files for programs, tables and figures for people."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from fer.data.copies import TestCopies
from fer.evaluation.calibration import calibration
from fer.evaluation.cautions import find_cautions, marked
from fer.evaluation.confidence_figures import coverage_curve, reliability_diagram
from fer.evaluation.confidence_text import confidence_lines
from fer.evaluation.figures import confusion_matrix, roc_curves, worst_mistakes
from fer.evaluation.intervals import bootstrap_intervals
from fer.evaluation.leakage import leakage, leakage_text
from fer.evaluation.metrics import confusion, headline, per_class
from fer.evaluation.precision_recall import average_precision, precision_recall_curves
from fer.evaluation.predictions import Predictions
from fer.evaluation.selective import selective
from fer.evaluation.tables import (
    agreement_markdown,
    binary_note,
    overall_markdown,
    overall_table,
    own_lines,
    per_class_markdown,
    per_class_table,
)
from fer.json_text import json_text
from fer.writing import aside, write_text


def assess(predictions: Predictions) -> dict[str, Any]:
    """Headline figures, their 95 % intervals, and a row per class."""
    labels, probabilities = predictions.labels, predictions.probabilities
    return {
        "metrics": headline(labels, probabilities),
        "intervals": {k: list(v) for k, v in bootstrap_intervals(labels, probabilities).items()},
        "per_class": per_class(labels, probabilities, predictions.classes),
        "average_precision": average_precision(labels, probabilities, predictions.classes),
        "selective": selective(predictions),
    }


def write_report(
    folder: Path,
    predictions: Predictions,
    images: NDArray[np.uint8],
    story: Mapping[str, Any],
    copies: TestCopies | None = None,
    temperature: float | None = None,
) -> dict[str, Any]:
    """Writes `metrics.json`, `per_class.csv`, `confusion.csv`, `predictions.csv` and figures.

    Args:
        folder: Where to; made if needed.
        predictions: What the model said.
        images: uint8 `[N, H, W]` or `[N, H, W, 3]`, in the same order, for the sheet of mistakes.
        story: Joins `metrics.json`: protocol, part, views and the like.
        copies: Which of the faces training has met before, if that is known.
        temperature: Fitted on the run's validation part, if it was.

    Returns:
        What `metrics.json` holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = {**story, **assess(predictions), "classes": list(predictions.classes)}
    if copies is not None:
        results["copies"] = leakage(predictions, copies)
    if temperature is not None:
        results["calibration"] = calibration(predictions, temperature)
    predictions.save(folder / "predictions.csv")
    path = folder / "per_class.csv"
    with aside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(results["per_class"][0]))
        writer.writeheader()
        writer.writerows(results["per_class"])
    matrix = confusion(predictions.labels, predictions.predicted, len(predictions.classes))
    path = folder / "confusion.csv"
    with aside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["truth \\ predicted", *predictions.classes])
        rows.writerows(
            [name, *row] for name, row in zip(predictions.classes, matrix.tolist(), strict=True)
        )
    draw(folder, predictions, images, matrix, caption(story), temperature)
    write_text(folder / "report.md", _markdown(results))
    write_text(folder / "metrics.json", json_text(results))
    return results


def draw(
    folder: Path,
    predictions: Predictions,
    images: NDArray[np.uint8],
    matrix: NDArray[np.int64],
    caption: str,
    temperature: float | None = None,
) -> None:
    """Writes the figures of a test as PNG.

    Args:
        folder: Where to; it is there.
        predictions: What the model said of N faces.
        images: uint8 `[N, H, W]` or `[N, H, W, 3]`, in the same order.
        matrix: int64 `[K, K]`, how often each class was taken for each other.
        caption: Below each figure: what it was measured on.
        temperature: Fitted on the run's validation part, if it was.
    """
    confusion_matrix(matrix, predictions.classes, folder / "confusion_matrix.png", caption)
    roc_curves(
        predictions.labels,
        predictions.probabilities,
        predictions.classes,
        folder / "roc_curves.png",
        caption,
    )
    precision_recall_curves(
        predictions.labels,
        predictions.probabilities,
        predictions.classes,
        folder / "precision_recall.png",
        caption,
    )
    reliability_diagram(predictions, temperature, folder / "reliability.png", caption)
    coverage_curve(predictions, folder / "coverage.png", caption)
    worst_mistakes(images, predictions, folder / "worst_mistakes.png", caption=caption)


def described(story: Mapping[str, Any]) -> str:
    """What every figure of a test must carry: data, protocol, part, n, and views if several.

    A mark follows a protocol that knowingly lets people through; the story's `cautions` say so.
    """
    protocol = marked(story["protocol"]["name"], find_cautions(story))
    shown = f"{story['data']}, {protocol}, {story['part']}, n = {story['n']:,}"
    return shown + _views(story.get("test_time", {}))


def _views(views: Mapping[str, Any]) -> str:
    """How test images were looked at, where not once each; empty where nothing is told."""
    crops = views.get("crops", 1)
    words = [f"{crops} crops"] if crops > 1 else []
    words += ["mirrored too"] if views.get("flip") else []
    return "".join(f", {word}" for word in words)


def caption(story: Mapping[str, Any]) -> str:
    """The same for a figure, and below it what a reader must know, such as people on both sides."""
    return "\n".join([described(story), *(fill(note, 95) for note in story["notes"])])


def _markdown(results: Mapping[str, Any]) -> str:
    """The tables for a paper or an issue thread."""
    metrics, intervals = results["metrics"], _pairs(results["intervals"])
    overall = overall_markdown({"this run": (metrics, intervals)})
    told = [leakage_text(results), *results["notes"]]
    notes = "".join(f"\n{note}\n" for note in told if note)
    overall += f"\n{binary_note(metrics)}\n"
    lines = [*own_lines(metrics, intervals), *confidence_lines(results)]
    overall += "".join(f"\n{line}\n" for line in lines)
    tables = [overall, per_class_markdown(results["per_class"])]
    if "agreement" in results:
        tables.append(agreement_markdown(results["agreement"]))
    return "\n".join([f"{described(results)}\n", *tables, notes])


def _pairs(intervals: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (low, high) for name, (low, high) in intervals.items()}


def print_report(results: Mapping[str, Any], title: str, row: str) -> None:
    """Prints the overall row with its intervals, and a row per expression."""
    console = Console(soft_wrap=False)
    metrics, intervals = results["metrics"], _pairs(results["intervals"])
    console.print(overall_table({row: (metrics, intervals)}, title=title))
    console.print(binary_note(metrics))
    for line in (*own_lines(metrics, intervals), *confidence_lines(results)):
        console.print(line, markup=False, highlight=False)
    console.print(
        per_class_table(results["per_class"], marked("Per expression", find_cautions(results)))
    )
    if told := leakage_text(results):
        console.print(told, markup=False, highlight=False)
