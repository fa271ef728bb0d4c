"""Measure how long a comparison of 200 runs takes, stage by stage.

python experiments/benchmarks/comparison.py

200 run folders of 3,589 generated predictions each, of 60 epochs, some of them seeds of each other.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fer.comparing.collect import collect
from fer.comparing.comparison import Comparison
from fer.comparing.page import page
from fer.comparing.records import csv_text, json_story
from fer.comparing.tables import markdown
from fer.comparing.testsets import test_sets
from fer.data.splits import Split
from fer.evaluation.metrics import headline, per_class
from fer.evaluation.predictions import Predictions
from fer.runs.folder import RunFolder

RUNS, FACES, EPOCHS, SEEDS = 200, 3_589, 60, 3
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def make_run(folder: Path, number: int, rng: np.random.Generator) -> None:
    """A run folder as a training leaves it, but for its checkpoints and figures."""
    labels = np.arange(FACES) % len(CLASSES)
    logits = rng.normal(size=(FACES, len(CLASSES))) + 1.5 * np.eye(len(CLASSES))[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.array([f"test/{k:05d}.jpg" for k in range(FACES)])
    predictions = Predictions(labels, probabilities, CLASSES, names)
    settings = {
        "data": {"name": "fer2013", "size": 48},
        "protocol": {"name": "official"},
        "model": {"name": f"resnet{18 + number % 5}", "frozen_stages": number // SEEDS},
        "augment": {f"transform{k}": {"p": 0.5, "degrees": 10.0} for k in range(30)},
        "logger": {"mode": "disabled"},
        "name": "benchmark",
        "seed": number % SEEDS,
    }
    everyone = np.arange(28_709 + 2 * FACES)
    parts = np.split(everyone, [28_709, 28_709 + FACES])
    split = Split(parts[0], parts[1], parts[2], {"name": "official"}, "private", names)
    run = RunFolder(folder / f"run-{number:03d}")
    counts = {"train": 28_709, "validation": FACES, "test": FACES}
    facts = {"parameters": 10**6 + number, "counts": counts, "data_fingerprint": "drawn"}
    run.create(settings, state="finished", **facts)
    split.save(run.split)
    run.write_rows(
        {"epoch": e, "validation/accuracy": rng.random(), "seconds": 10.0 + number}
        for e in range(1, EPOCHS + 1)
    )
    predictions.save(run.test / "predictions.csv")
    metrics = headline(labels, probabilities)
    results = {
        "data": "fer2013",
        "part": "private",
        "n": FACES,
        "protocol": {"name": "official"},
        "test_hash": split.test_hash,
        "epoch": EPOCHS,
        "notes": [],
        "cautions": [],
        "metrics": metrics,
        "intervals": {name: [value - 0.01, value + 0.01] for name, value in metrics.items()},
        "per_class": per_class(labels, probabilities, CLASSES),
        "classes": list(CLASSES),
    }
    (run.test / "metrics.json").write_text(json.dumps(results), encoding="utf-8")


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Prints what its body takes: wall time, and time on the processor."""
    wall, busy = time.perf_counter(), time.process_time()
    yield
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    print(f"{name:<40} {wall:8.1f} s, of which on the processor {busy:6.1f} s", flush=True)


def main() -> None:
    """Makes the run folders, then prints each stage."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as made, stage("everything, making the folders too"):
        for number in range(RUNS):
            make_run(Path(made), number, rng)
        with stage(f"comparison of {RUNS} runs"):
            with stage("  reading and checking"):
                collected = collect([made])
            if collected.left_out:
                raise RuntimeError(collected.left_out[0].why)
            with stage("  tests"):
                baseline = collected.rows[0]
                sets = test_sets(collected.rows, baseline)
            found = Comparison(sets, [], baseline, "seconds_per_epoch", 0.05, "")
            with stage("  page"):
                size = len(page(found, Path(made)))
            with stage("  Markdown, CSV, JSON"):
                markdown(found), csv_text(found), json.dumps(json_story(found))
        print(f"{len(collected.rows)} rows, {len(sets[0].pairs)} pairs, page of {size:,} letters")


if __name__ == "__main__":
    main()
