"""Measure what many runs cost: their comparison, a sweep's summary, finding what is left to do.

python experiments/benchmarks/comparison.py [--runs 1000]

Run folders of 3,589 generated predictions each (the same 50 drawings in turn), of 60 epochs, some
of them seeds of each other; and a sweep whose jobs they are.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

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
from fer.runs.plan import plan_run
from fer.training.sweep_summary import summarise

FACES, EPOCHS, SEEDS, DRAWN = 3_589, 60, 3, 50
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
NAMES = np.array([f"test/{k:05d}.jpg" for k in range(FACES)])


@cache
def drawn(folder: Path, number: int) -> tuple[Path, dict[str, Any]]:
    """A file of predictions that runs share, and the figures that it gives."""
    rng = np.random.default_rng(number)
    labels = np.arange(FACES) % len(CLASSES)
    logits = rng.normal(size=(FACES, len(CLASSES))) + 1.5 * np.eye(len(CLASSES))[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    path = folder / f"{number}.csv"
    Predictions(labels, probabilities, CLASSES, NAMES).save(path)
    metrics = headline(labels, probabilities)
    return path, {
        "metrics": metrics,
        "intervals": {name: [value - 0.01, value + 0.01] for name, value in metrics.items()},
        "per_class": per_class(labels, probabilities, CLASSES),
    }


def settings_of(number: int) -> dict[str, Any]:
    """The configuration of a run: seeds of one are neighbours."""
    return {
        "data": {"name": "fer2013", "size": 48},
        "protocol": {"name": "official"},
        "model": {"name": f"resnet{18 + number % 5}", "frozen_stages": number // SEEDS},
        "augment": {f"transform{k}": {"p": 0.5, "degrees": 10.0} for k in range(30)},
        "trainer": {"max_epochs": EPOCHS},
        "scheduler": {"name": "constant"},
        "logger": {"mode": "disabled"},
        "name": "benchmark",
        "seed": number % SEEDS,
        "restart": False,
    }


def make_run(folder: Path, number: int, shared: Path) -> RunFolder:
    """A run folder as a training leaves it, but for its checkpoints and figures."""
    rng = np.random.default_rng(number)
    everyone = np.arange(28_709 + 2 * FACES)
    parts = np.split(everyone, [28_709, 28_709 + FACES])
    split = Split(parts[0], parts[1], parts[2], {"name": "official"}, "private", NAMES)
    run = RunFolder(folder / f"run-{number:03d}")
    parameters = 10**6 + number
    run.create(
        settings_of(number),
        state="finished",
        parameters=parameters,
        trained_parameters=parameters,
        counts={"train": 28_709, "validation": FACES, "test": FACES},
        data_fingerprint="drawn",
    )
    split.save(run.split)
    run.write_rows(
        {"epoch": e, "validation/accuracy": rng.random(), "seconds": 10.0 + number}
        for e in range(1, EPOCHS + 1)
    )
    predictions, figures = drawn(shared, number % DRAWN)
    run.test.mkdir()
    shutil.copy(predictions, run.test / "predictions.csv")
    results = {
        "data": "fer2013",
        "part": "private",
        "n": FACES,
        "protocol": {"name": "official"},
        "test_hash": split.test_hash,
        "epoch": EPOCHS,
        "notes": [],
        "cautions": [],
        "classes": list(CLASSES),
        **figures,
    }
    (run.test / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    return run


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Prints what its body takes: wall time, and time on the processor."""
    wall, busy = time.perf_counter(), time.process_time()
    yield
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    print(f"{name:<40} {wall:8.1f} s, of which on the processor {busy:6.1f} s", flush=True)


def record_jobs(runs: list[RunFolder], sweep: Path) -> None:
    """What a sweep leaves of its jobs, each of which is one of the runs."""
    (sweep / "jobs").mkdir(parents=True)
    for number, run in enumerate(runs):
        results, settings = run.results(), settings_of(number)
        story = {
            "number": number,
            "overrides": [f"model.frozen_stages={number // SEEDS}", f"seed={number % SEEDS}"],
            "status": "finished",
            "folder": str(run.path),
            "metrics": results["metrics"],
            "intervals": results["intervals"],
            "validation_accuracy": number / len(runs),
            "parameters": run.status["parameters"],
            "seconds_per_epoch": 10.0 + number,
            "n": results["n"],
            "split_hash": results["test_hash"],
            "model": settings["model"]["name"],
            "frozen_stages": settings["model"]["frozen_stages"],
        }
        path = sweep / "jobs" / f"{number:04d}.json"
        path.write_text(json.dumps(story), encoding="utf-8")


def main() -> None:
    """Makes the run folders, then prints each stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    count = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home, stage("everything, making the folders too"):
        made, shared, sweep = (Path(home, name) for name in ("runs", "shared", "sweep"))
        shared.mkdir()
        runs = [make_run(made, number, shared) for number in range(count)]
        record_jobs(runs, sweep)
        with stage(f"comparison of {count:,} runs"):
            with stage("  reading and checking"):
                collected = collect([str(made)])
            if collected.left_out:
                raise RuntimeError(collected.left_out[0].why)
            with stage("  tests"):
                baseline = collected.rows[0]
                sets = test_sets(collected.rows, baseline)
            found = Comparison(sets, [], baseline, "seconds_per_epoch", 0.05, "")
            with stage("  page"):
                size = len(page(found, made))
            with stage("  Markdown, CSV, JSON"):
                markdown(found), csv_text(found), json.dumps(json_story(found))
        with stage("summary of a sweep of so many jobs"):
            summarise(sweep)
        with stage("what is left to do in each run"):
            plans = [plan_run(run, settings_of(k), False) for k, run in enumerate(runs)]
        print(f"{len(collected.rows)} rows, {len(sets[0].pairs)} pairs, page of {size:,} letters")
        print(f"the sweep's page: {(sweep / 'sweep.html').stat().st_size:,} bytes; plans:", end=" ")
        print(Counter(plan.action for plan in plans))


if __name__ == "__main__":
    main()
