"""Rows that answered the same test images, and what they can be told apart by."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fer.comparing.rows import Row
from fer.evaluation.paired_tests import compare, corrected_t, holm, mean_interval


@dataclass(frozen=True)
class Pair:
    """Two rows on the same images.

    Attributes:
        first: Of the two the row that is asked about.
        second: The best by validation, or the baseline.
        difference: Test accuracy of the first less that of the second, -1 to 1, of what the test
            that decides compares: the seeds and folds of the t-test, else McNemar's two.
        low: Lower end of its 95 % bootstrap interval over the images.
        high: Upper end.
        overall: The same difference of the means over all seeds that each has.
        seeds: Whose runs McNemar's test compares, one of each row: the lowest that both have, else
            each one's lowest.
        first_only: Images that only the first got right, with those seeds.
        second_only: Images that only the second got right.
        mcnemar_p: McNemar's exact p, as it is.
        repeats: How many seeds or folds both rows have, where two or more.
        t_p: p of the corrected resampled t-test over them, as it is; NaN without, and where all
            differ by the same.
        p: That of the two which decides, corrected by Holm.
        n: Images.
    """

    first: Row
    second: Row
    difference: float
    low: float
    high: float
    overall: float
    seeds: tuple[int, int]
    first_only: int
    second_only: int
    mcnemar_p: float
    repeats: int
    t_p: float
    p: float
    n: int

    @property
    def over_repeats(self) -> bool:
        """Whether the t-test decides: where seeds or folds can be tested; else the images."""
        return math.isfinite(self.t_p)

    @property
    def undecided(self) -> bool:
        """Whether the runs that were compared and the means over all seeds say the opposite."""
        return self.difference != 0 and self.difference * self.overall <= 0


@dataclass(frozen=True)
class TestSet:
    """Rows that can be ranked.

    Attributes:
        letter: A, B, ...: what the page calls these images.
        rows: By test accuracy, highest first.
        baseline: The row the user named, if it is here.
        pairs: Each row against the best by validation, then each against the baseline.
    """

    __test__ = False  # no test of pytest's

    letter: str
    rows: tuple[Row, ...]
    baseline: Row | None
    pairs: tuple[Pair, ...]

    @cached_property
    def best(self) -> Row | None:
        """The row of the highest validation accuracy: the test part never chooses."""
        return best(self.rows)

    @property
    def same_validation(self) -> bool:
        """Whether all rows were chosen on the same validation images."""
        return len({run.validation for row in self.rows for run in row.runs[:1]}) == 1

    @property
    def n(self) -> int:
        """Number of test images."""
        return len(self.rows[0].names)


def best(rows: Sequence[Row]) -> Row | None:
    """The row of the highest validation accuracy, None where none is known."""
    known = [row for row in rows if math.isfinite(row.validation_accuracy)]
    return max(known, key=lambda row: row.validation_accuracy) if known else None


def test_sets(rows: Sequence[Row], baseline: Row | None) -> list[TestSet]:
    """Rows by the images, labels and classes they answered; the set of most rows first."""
    by_answers: dict[str, list[Row]] = {}
    for row in rows:
        by_answers.setdefault(_identity(row), []).append(row)
    found = []
    for k, members in enumerate(sorted(by_answers.values(), key=len, reverse=True)):
        ranked = sorted(members, key=lambda row: -row.accuracy)
        named = next((row for row in ranked if row is baseline), None)
        found.append(TestSet(_letters(k), tuple(ranked), named, tuple(_pairs(ranked, named))))
    return found


test_sets.__test__ = False  # type: ignore[attr-defined]


def _identity(row: Row) -> str:
    """Of images, true labels, classes and, where folds are pooled, how they were cut."""
    classes = row.first.results["classes"]
    cut = sorted({run.results["test_hash"] for run in row.runs})
    # faces drawn otherwise have the same names; elsewhere training images may change alone
    drawn = [row.first.status["data_fingerprint"]] if row.data == "synthetic" else []
    text = "\n".join([row.data, *drawn, *classes, *cut, *row.names.tolist()]).encode()
    return hashlib.sha256(text + np.ascontiguousarray(row.truth).tobytes()).hexdigest()


def _pairs(rows: Sequence[Row], baseline: Row | None) -> list[Pair]:
    """Each row against the best, then against the baseline; what decides is one family for Holm."""
    pairs: list[Pair] = []
    for against in dict.fromkeys([best(rows), baseline]):
        done = [{pair.first, pair.second} for pair in pairs]
        if against is not None:
            others = [row for row in rows if row is not against and {row, against} not in done]
            pairs += [_tested(row, against) for row in others]
    corrected = holm([pair.p for pair in pairs])
    return [replace(pair, p=p) for pair, p in zip(pairs, corrected, strict=True)]


def _tested(first: Row, second: Row) -> Pair:
    """One pair, not yet corrected for the others."""
    common = sorted(set(first.seeds) & set(second.seeds))
    one, other = (common[0], common[0]) if common else (first.seeds[0], second.seeds[0])
    told = compare(first.right[one], second.right[other])
    both = sorted(set(first.by_repeat) & set(second.by_repeat), key=str)
    differences = [first.by_repeat[key] - second.by_repeat[key] for key in both]
    _, t_p = corrected_t(differences, first.test_share)
    difference, low, high = told.difference, told.low, told.high
    if math.isfinite(t_p) and len(common) > 1:
        gaps = np.mean([first.right[s] * 1.0 - second.right[s] for s in common], axis=0)
        difference, (low, high) = float(gaps.mean()), mean_interval(gaps)
    return Pair(
        first=first,
        second=second,
        difference=difference,
        low=low,
        high=high,
        overall=float((first.share_right - second.share_right).mean()),
        seeds=(one, other),
        first_only=told.first_only,
        second_only=told.second_only,
        mcnemar_p=told.p,
        repeats=len(both) if len(both) > 1 else 0,
        t_p=t_p,
        p=t_p if math.isfinite(t_p) else told.p,
        n=len(first.names),
    )


def pareto_front(rows: Sequence[Row], cost: str) -> list[Row]:
    """Rows that no other beats in test accuracy at the same or a lower cost, cheapest first.

    Args:
        rows: Of one test set.
        cost: A property of `Row`; rows whose cost is not known are on no front.
    """
    known = [row for row in rows if math.isfinite(getattr(row, cost))]
    front: list[Row] = []
    for row in sorted(known, key=lambda row: (getattr(row, cost), -row.accuracy)):
        if not front or row.accuracy > front[-1].accuracy:
            front.append(row)
    return front


def _letters(k: int) -> str:
    """0 to A, 25 to Z, 26 to AA."""
    return (_letters(k // 26 - 1) if k >= 26 else "") + chr(ord("A") + k % 26)
