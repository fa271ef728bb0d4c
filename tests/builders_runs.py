"""Run folders as a training leaves them, without the training."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.data.splits import Split
from fer.evaluation.metrics import headline, per_class
from fer.evaluation.paired_tests import mean_interval
from fer.evaluation.predictions import Predictions
from fer.runs.folder import RunFolder

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
N = 210


def settings_of(model: str = "resnet18", seed: int = 0, **changes: Any) -> dict[str, Any]:
    """A small whole configuration; `changes` are dotted keys with `_` for the first dot."""
    settings: dict[str, Any] = {
        "data": {"name": "faces", "size": 48},
        "protocol": {"name": "official"},
        "model": {"name": model, "dropout": 0.0, "frozen_stages": 0},
        "optimizer": {"name": "adamw", "lr": 0.001},
        "trainer": {"max_epochs": 2, "threads": 1},
        "logger": {"mode": "disabled", "project": "fer", "entity": None},
        "paths": {"outputs": "outputs"},
        "name": "study",
        "seed": seed,
    }
    for key, value in changes.items():
        group, leaf = key.split("_", 1)
        settings[group][leaf] = value
    return settings


def make_run(
    path: Path,
    right: int | NDArray[np.bool_] = 100,
    validation: float = 0.5,
    classes: Sequence[str] = CLASSES,
    names: Sequence[str] | None = None,
    settings: dict[str, Any] | None = None,
    notes: Sequence[str] = (),
    cautions: Sequence[str] | None = (),
    milliseconds: float | None = 1.5,
) -> Path:
    """A finished run.

    Args:
        path: Its folder.
        right: Which of the test faces it recognises; a number stands for the first so many.
        validation: Its validation accuracy in both epochs.
        classes: What it knows.
        names: Of its test faces.
        settings: Its configuration.
        notes: What a reader must know.
        cautions: Those that break the protocol; None for a run that did not record them.
        milliseconds: Per face, None for a run that did not measure them.
    """
    settings = settings or settings_of()
    names = names or [f"test/{k:04d}.png" for k in range(N)]
    n, k = len(names), len(classes)
    hit = np.arange(n) < right if isinstance(right, int) else right
    labels = np.arange(n) % k
    probabilities = np.full((n, k), 0.1 / k)
    probabilities[np.arange(n), np.where(hit, labels, (labels + 1) % k)] = 0.9
    predictions = Predictions(labels, probabilities, tuple(classes), np.array(names))
    part = np.arange(1_000 + n)
    split = Split(
        part[:900], part[900:1_000], part[1_000:], settings["protocol"], "test", predictions.names
    )
    run = RunFolder(path)
    run.create(
        settings,
        state="finished",
        why=None,
        parameters=11_000_000,
        trained_parameters=11_000_000,
        split_hash=split.hash,
        test_hash=split.test_hash,
        data_fingerprint="f" * 64,
        counts={"train": 900, "validation": 100, "test": n},
        wandb_id=f"{path.name}-abc123",
    )
    split.save(run.split)
    run.write_rows(
        {"epoch": e, "validation/accuracy": validation - 0.1 * (2 - e), "seconds": 10.0}
        for e in (1, 2)
    )
    predictions.save(run.test / "predictions.csv")
    results = {
        "data": settings["data"]["name"],
        "part": "test",
        "n": n,
        "protocol": settings["protocol"],
        "split_hash": split.hash,
        "test_hash": split.test_hash,
        "epoch": 2,
        "notes": list(notes),
        "metrics": headline(labels, probabilities),
        "intervals": {"accuracy": mean_interval(hit.astype(float))},
        "per_class": per_class(labels, probabilities, classes),
        "classes": list(classes),
    }
    results |= {} if cautions is None else {"cautions": list(cautions)}
    results |= {} if milliseconds is None else {"milliseconds_per_face": milliseconds}
    (run.test / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    return path


def make_group(path: Path, runs: Sequence[Path], **results: Any) -> Path:
    """A group folder over finished runs that lie beside it; trials unless told otherwise."""
    path.mkdir(parents=True)
    members = [RunFolder(run).results() for run in runs]
    found = {name: float(np.mean([m["metrics"][name] for m in members])) for name in ("accuracy",)}
    story = {
        "protocol": members[0]["protocol"],
        "part": "test",
        "test_hash": members[0]["test_hash"],
        "notes": [],
        "trials": len(runs),
        "missing": {},
        "complete": True,
        "metrics": found,
        "intervals": {},
        "pooled": {},
        **results,
    }
    (path / "metrics.json").write_text(json.dumps(story), encoding="utf-8")
    with (path / "repeats.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["fold", "seed", "run"])
        table.writerows(["", k, run.name] for k, run in enumerate(runs))
    return path


def make_seeds(folder: Path, model: str, hits: dict[int, int], validation: float = 0.5) -> None:
    for seed, right in hits.items():
        settings = settings_of(model, seed)
        make_run(folder / f"{model}-{seed}", right, validation, settings=settings)


def make_fold(folder: Path, fold: int, right: int, seed: int = 0) -> Path:
    """One of three folds."""
    settings = settings_of(seed=seed, protocol_name="kfold", protocol_fold=fold, protocol_folds=3)
    names = [f"test/{k + N * fold:04d}.png" for k in range(N)]
    return make_run(folder / f"fold{fold}-seed{seed}", right, names=names, settings=settings)


def with_copies(run: Path, copies: int, accuracy: float) -> None:
    path = run / "test/metrics.json"
    left = {"in_training": copies, "accuracy_without": accuracy, "n_without": N - copies}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"copies": left}))
