"""What rows score on test images that training has no copy of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer.comparing.rows import Row


@dataclass(frozen=True)
class WithoutCopies:
    """A row's test less the images that are exact copies of training images.

    Attributes:
        accuracy: 0 to 1, of the run or the pooled folds, mean over the seeds; NaN of no image.
        n: Images left, mean over the seeds.
        copies: Images that were taken away, mean over the seeds.
    """

    accuracy: float
    n: float
    copies: float


def without_copies(row: Row) -> WithoutCopies | None:
    """The figures of a row; None where copies were not looked for in all of its runs."""
    if any(run.results.get("copies") is None for run in row.runs):
        return None
    found = []
    for seed in row.seeds:
        told = [run.results["copies"] for run in row.runs if run.seed == seed]
        n = sum(each["n_without"] for each in told)
        right = sum(e["accuracy_without"] * e["n_without"] for e in told if e["n_without"])
        found.append((right / n if n else np.nan, n, sum(each["in_training"] for each in told)))
    return WithoutCopies(*np.mean(found, axis=0).tolist())
