from __future__ import annotations

import numpy as np

from fer.data.faces import SEVEN
from fer.evaluation.agreement import by_agreement
from fer.evaluation.predictions import Predictions


def test_faces_are_grouped_by_the_share_of_votes_for_their_label() -> None:
    labels = np.arange(6)
    probabilities = np.eye(7)[[0, 1, 2, 3, 0, 0]]
    names = np.array([f"face {k}" for k in range(6)])
    shares = np.array([0.3, 0.5, 0.6, 0.6, 0.61, 1.0], dtype=np.float32)
    rows = by_agreement(Predictions(labels, probabilities, SEVEN, names), shares)
    assert rows == [
        {"above": 0.0, "to": 0.5, "n": 2, "accuracy": 1.0},
        {"above": 0.5, "to": 0.6, "n": 2, "accuracy": 1.0},
        {"above": 0.6, "to": 0.7, "n": 1, "accuracy": 0.0},
        {"above": 0.9, "to": 1.0, "n": 1, "accuracy": 0.0},
    ]
