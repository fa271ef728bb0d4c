"""A comparison as a whole: what every page, table and list of it is written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fer.comparing.folders import LeftOut
from fer.comparing.folds import trained_apart
from fer.comparing.rows import Row
from fer.comparing.runs import TestedRun
from fer.comparing.testsets import TestSet
from fer.comparing.words import listed
from fer.errors import RunError
from fer.runs.json_files import read_results


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes:
        sets: Rows by the images they answered.
        left_out: What was named and is in no table.
        baseline: The row that the user named.
        cost: Of the front that tables mark.
        alpha: Two rows are told apart where p lies below.
        command: The command that compares the same again.
    """

    sets: list[TestSet]
    left_out: list[LeftOut]
    baseline: Row | None
    cost: str
    alpha: float
    command: str

    @property
    def rows(self) -> list[Row]:
        """All rows, set by set."""
        return [row for found in self.sets for row in found.rows]

    @property
    def warnings(self) -> list[str]:
        """What a reader must know before any figure."""
        told = []
        if len(self.sets) > 1:
            letters = ", ".join(found.letter for found in self.sets)
            told.append(
                f"These rows cannot all be ranked together: they answered {len(self.sets)} "
                f"different sets of test images, labels or classes, {letters}. An accuracy on one "
                "says nothing of an accuracy on another, so each has a table of its own."
            )
        told += [line for found in self.sets for line in _training_sizes(found)]
        told += trained_apart(self.rows)
        told += [line for row in self.rows for line in _evaluations(row)[1]]
        told += [f"{row.name}: {'; '.join(row.cautions)}" for row in self.rows if row.cautions]
        told += [
            f"{row.name}: the run folders of its members are not all there, so the time of its "
            "training is not known, and it is on no front of it."
            for row in self.rows
            if row.members is None
        ]
        if self.baseline is not None:
            lacking = [found.letter for found in self.sets if found.baseline is None]
            if lacking:
                told.append(
                    f"The baseline {self.baseline.name} answered other images than the rows of "
                    f"{', '.join(lacking)}: nothing there is tested against it."
                )
        return told


def _training_sizes(found: TestSet) -> list[str]:
    """A sentence where rows that are ranked together had other numbers of training images."""
    sizes: dict[int, list[str]] = {}
    for row in found.rows:
        sizes.setdefault(round(row.training_images), []).append(row.name)
    if len(sizes) < 2:
        return []
    told = "; ".join(f"{size:,}: {listed(names, 2)}" for size, names in sorted(sizes.items()))
    return [
        f"The rows of {found.letter} were not trained on as many images ({told}): what lies "
        "between them may come of that alone."
    ]


def _evaluations(row: Row) -> tuple[list[dict[str, Any]], list[str]]:
    """What a row did on other data, with the views of its test; and what is left out.

    Left out are damaged files, and evaluations of earlier weights of a run whose training went on.
    Of several runs that were tested on the same images it is the mean.
    """
    found: dict[tuple[Any, ...], dict[TestedRun, float]] = {}
    left_out = []
    for run in row.runs:
        for path in sorted((run.path / "evaluations").glob("*/metrics.json")):
            try:
                results = read_results(path)
                views = results.get("test_time", {}) == run.results.get("test_time", {})
                if results["protocol"]["name"] != "cross-data" or not views:
                    continue
                # older evaluations have neither epoch nor hash
                then, now = results.get("epoch"), run.results["epoch"]
                if then is not None and then != now:
                    left_out.append(
                        f"{path} is left out: it is of epoch {then}, the run's model now of epoch "
                        f"{now}; evaluate the run again"
                    )
                else:
                    on = (f"{results['data']}, {results['part']}", results.get("test_hash", ""))
                    accuracy = float(results["metrics"]["accuracy"])
                    found.setdefault((*on, results["n"]), {})[run] = accuracy
            except (RunError, KeyError, TypeError, ValueError):
                left_out.append(f"{path} is damaged and left out: evaluate the run again")
    records = []
    for (words, test, n), by_run in found.items():
        accuracy = sum(by_run.values()) / len(by_run)
        record = _record(row, words, test, n, accuracy)
        records.append(record | {"models": _models(row, list(by_run)), "own": False})
    return records, left_out


def _models(row: Row, runs: Sequence[TestedRun]) -> str:
    """Of which models of a row a figure is the mean; empty where the row has but one."""
    if len(row.runs) == 1:
        return ""
    if len(runs) == len(row.runs):
        return f"mean of {len(runs)} models"
    several = len(row.seeds) > 1
    named = [
        ", ".join([f"fold {run.fold}"] * (row.folds > 0) + [f"seed {run.seed}"] * several)
        for run in runs
    ]
    return f"{listed(named, 3)} alone"


def cross_data(rows: list[Row]) -> list[dict[str, Any]]:
    """A record for each row and data set that it was tested on: its own, and others.

    Returns:
        `row`, `trained_on`, `tested_on`, `test_hash`, `n`, `accuracy`, `models`, `own`; empty where
        no row has met another data set. Equal words in `tested_on` are equal images, as far as
        known. `models` says of which of a row's models it is the accuracy.
    """
    records = []
    for row in rows:
        records += _evaluations(row)[0]
        test = (row.group or row.first.results)["test_hash"]
        own = _record(row, f"{row.data}, {row.part}", test, len(row.names), row.accuracy)
        models = f"mean of {len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
        records.append(own | {"models": models, "own": True})
    if all(record["own"] for record in records):
        return []
    hashes: dict[str, set[str]] = {}
    for record in records:
        hashes.setdefault(record["tested_on"], set()).add(record["test_hash"])
    for record in records:
        if len(hashes[record["tested_on"]]) > 1 and record["test_hash"]:
            record["tested_on"] += f" ({record['test_hash'][:6]})"
    return records


def _record(row: Row, words: str, test: str, n: int, accuracy: float) -> dict[str, Any]:
    return {
        "row": row.name,
        "trained_on": row.data,
        "tested_on": words,
        "test_hash": test,
        "n": n,
        "accuracy": accuracy,
    }
