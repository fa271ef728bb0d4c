"""Folds of one protocol that were trained as runs of their own: one row where all are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from fer.comparing.rows import Row
from fer.comparing.runs import TestedRun
from fer.comparing.settings import compared
from fer.comparing.words import listed
from fer.evaluation.predictions import Predictions
from fer.evaluation.repeats import pooled_hash, spread

Runs = tuple[TestedRun, ...]

_DROPS = ("data.conflicts", "data.duplicates_of_test")


def pool(runs: Sequence[TestedRun]) -> tuple[list[tuple[Runs, dict[str, Any]]], list[TestedRun]]:
    """Folds trained apart together, as `protocol.fold=all` would have trained them.

    Args:
        runs: Of no group.

    Returns:
        Runs of all folds of a configuration, of one seed or more, each with what the `metrics.json`
        of their group would hold; and the runs that are left.
    """
    together: dict[str, dict[int, list[TestedRun]]] = {}
    for run in runs:
        if run.fold is not None:
            together.setdefault(_configuration(run), {}).setdefault(run.seed, []).append(run)
    found = []
    for seeds in together.values():
        whole = {seed: tuple(each) for seed, each in sorted(seeds.items()) if not _lacks(each)}
        if whole:
            found.append((tuple(run for each in whole.values() for run in each), _group(whole)))
    pooled = {run.path for members, _ in found for run in members}
    return found, [run for run in runs if run.path not in pooled]


def trained_apart(rows: Sequence[Row]) -> list[str]:
    """What keeps rows that differ in their fold alone from being pooled, in words."""
    alike: dict[str, list[Row]] = {}
    for row in rows:
        if row.group is None and row.first.fold is not None:
            alike.setdefault(_configuration(row.first), []).append(row)
    told = []
    for some in alike.values():
        folds = {row.first.fold for row in some}
        if len(folds) > 1:
            seeds = sorted({run.seed for row in some for run in row.runs})
            by_seed = {s: [r for row in some for r in row.runs if r.seed == s] for s in seeds}
            why = {_lacks(each) for each in by_seed.values()}
            if len(seeds) > 1:
                why = {f"of seed {seed} {_lacks(each)}" for seed, each in by_seed.items()}
            told.append(
                f"{listed([row.name for row in some])} differ in protocol.fold alone: each has a "
                "test part of its own, so they are no ranking. They are pooled into one row once "
                f"all folds of a seed are there: {'; '.join(sorted(why))}."
            )
    return told


def _configuration(run: TestedRun) -> str:
    """Equal for runs that differ in fold and seed alone, on the same faces."""
    same = [run.status["data_fingerprint"], run.results["classes"], compared(run.settings)]
    return json.dumps(same, sort_keys=True, default=str)


def _lacks(runs: Sequence[TestedRun]) -> str:
    """Why runs of one configuration and seed are not all its folds; empty where they are."""
    there = sorted(run.fold for run in runs if run.fold is not None)
    if len(set(there)) < len(there):
        return "a fold was trained twice"
    names = np.concatenate([run.names for run in runs])
    if len(np.unique(names)) < len(names):
        return "their test parts have faces in common"
    number = runs[0].settings.get("protocol.folds")
    last = number if isinstance(number, int) else max(there) + 1
    missing = [str(fold) for fold in range(last) if fold not in there]
    if not missing and number is None:  # a fold for each person: all faces are tested
        faces, cut = _faces(runs)
        if faces is None:
            return f"with {cut} nothing says how many folds there are: train the folds again"
        if len(names) < faces:
            return f"folds after {last - 1} missing"
    if not missing:
        return ""
    total = f" of {number}" if number else ""
    return f"fold{'s' * (len(missing) > 1)} {', '.join(missing)}{total} missing"


def _faces(runs: Sequence[TestedRun]) -> tuple[int | None, str]:
    """How many faces the data of some runs has; None where no run says it, and why."""
    for run in runs:
        if isinstance(faces := run.status.get("faces"), int):
            return faces, ""
    settings = runs[0].settings  # older runs: the parts are all faces, unless some were taken out
    taken = [f"{key}=drop" for key in _DROPS if settings.get(key) == "drop"]
    if settings.get("data.images_per_class") is not None:
        taken.append("data.images_per_class")
    if taken:
        return None, " and ".join(taken)
    return sum(runs[0].status["counts"].values()), ""


def _group(seeds: dict[int, Runs]) -> dict[str, Any]:
    """What a group's `metrics.json` would hold of the folds of one seed or more."""
    from fer.evaluation.intervals import bootstrap_intervals  # scikit-learn: slow to import
    from fer.evaluation.metrics import headline, per_class

    pooled: dict[str, Any] = {}
    for seed, runs in seeds.items():
        said = [Predictions.load(run.path / "test" / "predictions.csv") for run in runs]
        labels = np.concatenate([each.labels for each in said])
        odds = np.concatenate([each.probabilities for each in said])
        pooled[str(seed)] = {
            "n": len(labels),
            "metrics": headline(labels, odds),
            "intervals": bootstrap_intervals(labels, odds),
            "per_class": per_class(labels, odds, said[0].classes),
        }
    measured = [report["metrics"] for report in pooled.values()]
    hashes = [run.results["test_hash"] for runs in seeds.values() for run in runs]
    return {
        "part": f"{len(runs)} folds pooled",
        "test_hash": pooled_hash(hashes),
        "metrics": {name: spread([one[name] for one in measured])["mean"] for name in measured[0]},
        "intervals": next(iter(pooled.values()))["intervals"] if len(pooled) == 1 else {},
        "pooled": pooled,
    }
