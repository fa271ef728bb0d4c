"""What test images that the run has already learnt from do to its test accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fer.data.copies import TestCopies
from fer.evaluation.intervals import accuracy_interval
from fer.evaluation.predictions import Predictions


def leakage(predictions: Predictions, copies: TestCopies) -> dict[str, Any]:
    """Counts tested images with an exact copy in training, and measures accuracy with and without.

    The interval is that of `accuracy_interval`.

    Args:
        predictions: What the model said.
        copies: Which of its images have a copy, in the same order.

    Returns:
        `in_training` and `conflicting` (a copy in training is labelled otherwise) as counts;
        `accuracy` of all, `accuracy_copies` of those in training, and of the others
        `accuracy_without`, `interval_without` and `n_without`. A figure of no images is NaN.
    """
    right, known = predictions.predicted == predictions.labels, copies.training
    n = int((~known).sum())
    without = float(right[~known].mean()) if n else np.nan
    return {
        "in_training": int(known.sum()),
        "conflicting": int(copies.conflicting.sum()),
        "accuracy": float(right.mean()),
        "accuracy_copies": float(right[known].mean()) if known.any() else np.nan,
        "accuracy_without": without,
        "interval_without": list(accuracy_interval(without, n)) if n else [np.nan, np.nan],
        "n_without": n,
    }


def leakage_text(results: Mapping[str, Any]) -> str | None:
    """The line of a report; None where copies were not looked for.

    Args:
        results: What `metrics.json` holds, with `leakage`'s figures under `copies`.
    """
    found = results.get("copies")
    if found is None:
        return None
    number, n = found["in_training"], results["n"]
    if not number:
        return f"copies: none of the {n:,} images is an exact copy of a training image"
    told = f"copies: {number:,} of the {n:,} images are exact copies of training images"
    if found["conflicting"]:
        told += f", {found['conflicting']:,} of them under another class there"
    told += f"; accuracy with them {found['accuracy']:.3f}, "
    if not found["n_without"]:
        return f"{told}without them no image is left"
    low, high = found["interval_without"]
    return (
        f"{told}without them {found['accuracy_without']:.3f} (95 % {low:.3f} to {high:.3f}, "
        f"n = {found['n_without']:,})"
    )
