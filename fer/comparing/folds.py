"""Folds of one protocol that were trained as runs of their own: one row where all are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer.comparing.rows import Row
from fer.comparing.runs import TestedRun
from fer.comparing.settings import compared
from fer.comparing.words import listed
from fer.errors import RunError
from fer.evaluation.predictions import Predictions
from fer.evaluation.repeats import pooled_hash, spread

Runs = tuple[TestedRun, ...]

_DROPS = ("data.conflicts", "data.duplicates_of_test")


@dataclass(frozen=True)
class Pooled:
    """What became of runs of no group.

    Attributes:
        groups: Runs of all folds of a configuration, of one seed or more, each with what the
            `metrics.json` of their group would hold.
        damaged: Runs whose probabilities cannot be read, and why.
        single: The others.
    """

    groups: list[tuple[Runs, dict[str, Any]]]
    damaged: list[tuple[TestedRun, RunError]]
    single: list[TestedRun]


def pool(runs: Sequence[TestedRun]) -> Pooled:
    """Folds trained apart together, as `protocol.fold=all` would have trained them.

    Args:
        runs: Of no group.
    """
    together: dict[str, dict[int, list[TestedRun]]] = {}
    for run in runs:
        if run.fold is not None:
            together.setdefault(_configuration(run), {}).setdefault(run.seed, []).append(run)
    groups, damaged = [], []
    for seeds in together.values():
        whole: dict[int, Runs] = {}
        answers: dict[int, list[Predictions]] = {}
        for seed, each in sorted(seeds.items()):
            if not _lacks(each):
                said, lost = _answers(each)
                damaged += lost
                if not lost:
                    whole[seed], answers[seed] = tuple(each), said
        if whole:
            members = tuple(run for each in whole.values() for run in each)
            groups.append((members, _group(members, answers)))
    used = {run.path for members, _ in groups for run in members}
    used |= {run.path for run, _ in damaged}
    return Pooled(groups, damaged, [run for run in runs if run.path not in used])


def _answers(
    runs: Sequence[TestedRun],
) -> tuple[list[Predictions], list[tuple[TestedRun, RunError]]]:
    """What the runs said with all probabilities, and those that cannot be read."""
    said, lost = [], []
    for run in runs:
        try:
            said.append(Predictions.load(run.path / "test" / "predictions.csv"))
        except RunError as error:
            lost.append((run, error))
    return said, lost


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


def _group(members: Runs, answers: dict[int, list[Predictions]]) -> dict[str, Any]:
    """What a group's `metrics.json` would hold of the folds of one seed or more."""
    from fer.evaluation.intervals import bootstrap_intervals  # scikit-learn: slow to import
    from fer.evaluation.metrics import headline, per_class

    pooled: dict[str, Any] = {}
    for seed, said in answers.items():
        labels = np.concatenate([each.labels for each in said])
        odds = np.concatenate([each.probabilities for each in said])
        pooled[str(seed)] = {
            "n": len(labels),
            "metrics": headline(labels, odds),
            "intervals": bootstrap_intervals(labels, odds),
            "per_class": per_class(labels, odds, said[0].classes),
        }
    measured = [report["metrics"] for report in pooled.values()]
    return {
        "part": f"{len(said)} folds pooled",
        "test_hash": pooled_hash(run.results["test_hash"] for run in members),
        "metrics": {name: spread([one[name] for one in measured])["mean"] for name in measured[0]},
        "intervals": next(iter(pooled.values()))["intervals"] if len(pooled) == 1 else {},
        "pooled": pooled,
    }
