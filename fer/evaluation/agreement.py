"""Accuracy by how much the annotators agreed on a face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer.evaluation.predictions import Predictions

BOUNDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of votes between which faces are grouped; the upper bound belongs to the group."""


def by_agreement(
    predictions: Predictions, shares: NDArray[np.floating]
) -> list[dict[str, float | int]]:
    """Groups faces by the share of votes that their label got.

    Args:
        predictions: Of N faces.
        shares: `[N]`, 0 to 1, the share of the annotators who chose the face's label.

    Returns:
        A row for each group that has faces: `above` and `to`, the bounds of the share, `n` and
        `accuracy`.

    Examples:
        >>> labels, names = np.array([0, 1]), np.array(["one", "other"])
        >>> said = Predictions(labels, np.eye(2)[[0, 0]], ("happy", "sad"), names)
        >>> [(row["to"], row["accuracy"]) for row in by_agreement(said, np.array([1.0, 0.5]))]
        [(0.5, 0.0), (1.0, 1.0)]
    """
    right = predictions.predicted == predictions.labels
    groups = np.digitize(np.round(shares.astype(np.float64), 4), BOUNDS[1:-1], right=True)
    return [
        {
            "above": BOUNDS[group],
            "to": BOUNDS[group + 1],
            "n": int((groups == group).sum()),
            "accuracy": float(right[groups == group].mean()),
        }
        for group in np.unique(groups).tolist()
    ]
