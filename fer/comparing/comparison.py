"""A comparison as a whole: what every page, table and list of it is written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fer.comparing.folders import LeftOut
from fer.comparing.rows import Row
from fer.comparing.testsets import TestSet
from fer.runs.folder import read_results


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
        told += [f"{row.name}: {'; '.join(row.cautions)}" for row in self.rows if row.cautions]
        if self.baseline is not None:
            lacking = [found.letter for found in self.sets if found.baseline is None]
            if lacking:
                told.append(
                    f"The baseline {self.baseline.name} answered other images than the rows of "
                    f"{', '.join(lacking)}: nothing there is tested against it."
                )
        return told


def cross_data(rows: list[Row]) -> list[dict[str, Any]]:
    """A record for each row and data set that it was tested on: its own, and others.

    Returns:
        `row`, `trained_on`, `tested_on`, `n`, `accuracy`, `own`; empty where no row has
        met another data set.
    """
    records = []
    for row in rows:
        first = row.first
        others = []
        for path in sorted((first.path / "evaluations").glob("*/metrics.json")):
            results = read_results(path)
            views = results.get("test_time", {}) == first.results.get("test_time", {})
            if results.get("protocol", {}).get("name") == "cross-data" and views:
                others.append(results)
        for results in others:
            records.append(_record(row, results, own=False))
        records.append(
            _record(row, {"data": row.data, "part": row.part, "n": len(row.names)}, own=True)
        )
    return records if any(not record["own"] for record in records) else []


def _record(row: Row, results: dict[str, Any], own: bool) -> dict[str, Any]:
    return {
        "row": row.name,
        "trained_on": row.data,
        "tested_on": f"{results['data']}, {results['part']}",
        "n": results["n"],
        "accuracy": row.accuracy if own else results["metrics"]["accuracy"],
        "own": own,
    }
