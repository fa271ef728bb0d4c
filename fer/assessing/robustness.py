"""How a run's accuracy holds under worse pictures: every kind of corruption, five strengths."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning import Trainer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fer.assessing.run_model import predict
from fer.console import say
from fer.data.corruption_strengths import STRENGTHS
from fer.data.corruptions import CorruptedImages
from fer.data.modules import FaceDataModule
from fer.data.resident import ResidentPixels
from fer.evaluation.intervals import accuracy_interval
from fer.evaluation.predictions import Predictions
from fer.evaluation.report import described
from fer.evaluation.robustness import corrupted_faces, print_robustness, write_robustness
from fer.models.classifiers import FaceClassifier


def measure_robustness(
    folder: Path,
    trainer: Trainer,
    model: FaceClassifier,
    data: FaceDataModule,
    indices: NDArray[np.int64],
    predictions: Predictions,
    kinds: Sequence[str],
    most: int | None,
    story: Mapping[str, Any],
    quiet: bool,
) -> dict[str, Any]:
    """Predicts corrupted faces, and writes `robustness.*` and `corrupted_faces.png`.

    Args:
        folder: Of the evaluation.
        trainer: Decides device and precision.
        model: The run's.
        data: Opened.
        indices: int64 `[N]`, the evaluated faces.
        predictions: Of these faces as they are, in this order.
        kinds: Keys of `STRENGTHS`.
        most: At most so many faces, classes in proportion; None takes all.
        story: Of the evaluation.
        quiet: Nothing on the terminal.

    Returns:
        What `robustness.json` holds.
    """
    chosen = sample(predictions.labels, most)
    right = (predictions.predicted == predictions.labels)[chosen]
    rows = []
    started = time.perf_counter()
    passes = 5 * len(kinds)
    with _bar(quiet) as bar:
        task = bar.add_task("corrupting faces", total=passes)
        for kind in kinds:
            for level, value in enumerate(STRENGTHS[kind].values, start=1):
                with _corrupted(data, kind, value):
                    said = predict(trainer, model, data, indices[chosen])
                accuracy = float((said.predicted == said.labels).mean())
                rows.append(
                    {"kind": kind, "strength": level, "value": value, "accuracy": accuracy}
                    | {"interval": list(accuracy_interval(accuracy, len(chosen)))}
                )
                bar.advance(task)
            left = (time.perf_counter() - started) * (passes / len(rows) - 1)
            told = ", ".join(f"{row['accuracy']:.3f}" for row in rows[-5:])
            say(quiet, f"{kind}: accuracy {told}; {left:.0f} s left")
    accuracy = float(right.mean())
    part = [] if most is None else [f"{len(chosen):,} of {len(indices):,} faces, drawn (seed 0)"]
    results: dict[str, Any] = {
        **story,
        "n": len(chosen),
        "notes": [*story["notes"], *part],
        "clean": {
            "accuracy": accuracy,
            "interval": list(accuracy_interval(accuracy, len(chosen))),
        },
        "mean_accuracy": float(np.mean([row["accuracy"] for row in rows])),
        "measures": {kind: STRENGTHS[kind].measure for kind in kinds},
        "corrupted": rows,
    }
    write_robustness(folder, results)
    sheet = folder / "corrupted_faces.png"
    corrupted_faces(data.faces.images, indices[chosen], kinds, sheet, described(results))
    if not quiet:
        print_robustness(results)
    return results


def sample(labels: NDArray[np.int64], most: int | None, seed: int = 0) -> NDArray[np.int64]:
    """Ascending rows of `labels`: all, or `most` of them with every class in proportion.

    Examples:
        >>> labels = np.array([0] * 30 + [1] * 10)
        >>> np.bincount(labels[sample(labels, 8)]).tolist()
        [6, 2]
    """
    if most is None or most >= len(labels):
        return np.arange(len(labels))
    by_class = np.lexsort((np.random.default_rng(seed).random(len(labels)), labels))
    steps = (np.arange(most) + 0.5) * len(labels) / most
    return np.sort(by_class[steps.astype(np.int64)])


@contextmanager
def _corrupted(data: FaceDataModule, kind: str, value: float) -> Iterator[None]:
    """Within it, faces are corrupted as they are read; none comes from what lies on the device."""
    clean, resident = data.faces, data.resident
    images: Any = CorruptedImages(clean.images, kind, value)
    data.faces, data.resident = replace(clean, images=images), ResidentPixels(False)
    try:
        yield
    finally:
        data.faces, data.resident = clean, resident


def _bar(quiet: bool) -> Progress:
    """Passes done and time left, on a terminal only."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet or not sys.stderr.isatty(),
        transient=True,
    )
