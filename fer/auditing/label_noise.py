"""Labels that a trained model doubts: confident learning on faces it has not learnt from.

Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR
2021, through the authors' library cleanlab: pruned by noise rate, ranked by self-confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces
from fer.errors import ConfigError, RunError
from fer.evaluation.predictions import Predictions


@dataclass(frozen=True)
class DoubtfulLabels:
    """Candidates, most doubtful first.

    Attributes:
        faces: int64 `[M]`, indices of the candidates.
        suggested: int64 `[M]`, the class the model gives each.
        confidence: float64 `[M]`, the probability the model gives the label, ascending.
        tested: How many faces were looked at.
    """

    faces: NDArray[np.int64]
    suggested: NDArray[np.int64]
    confidence: NDArray[np.float64]
    tested: int


def find_doubtful_labels(faces: Faces, predictions: Sequence[Predictions]) -> DoubtfulLabels:
    """Looks at what runs said of faces that they had not learnt from.

    Args:
        faces: The data set.
        predictions: Of one run's test part, or of the folds of several runs.

    Raises:
        ConfigError: cleanlab is not installed.
        RunError: The predictions are not of these faces.
    """
    issues = _cleanlab()
    indices = np.concatenate([_match(faces, said) for said in predictions])
    if len(np.unique(indices)) < len(indices):
        raise RunError(
            "run: two of the runs tested the same faces; name runs whose test parts do not "
            "overlap, such as the folds of one protocol"
        )
    probabilities = np.concatenate([said.probabilities for said in predictions])
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    labels = faces.labels[indices]
    ranked = issues(
        labels,
        probabilities,
        return_indices_ranked_by="self_confidence",
        filter_by="prune_by_noise_rate",
        n_jobs=1,
    )
    ranked = np.asarray(ranked, dtype=np.int64)
    suggested = probabilities[ranked].argmax(axis=1)
    confidence = probabilities[ranked, labels[ranked]]
    return DoubtfulLabels(indices[ranked], suggested, confidence, len(indices))


def _cleanlab() -> Any:
    """The library's function, or how to get it."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        raise ConfigError(
            "run: doubtful labels are found by cleanlab, which is not installed: "
            "pip install 'fer-experiments[audit]' (or pip install cleanlab), or leave run= out"
        ) from None
    return find_label_issues


def _match(faces: Faces, said: Predictions) -> NDArray[np.int64]:
    """Indices of the predicted faces, found by name."""
    if said.classes != faces.classes:
        raise RunError(
            f"run: it was tested on the classes {', '.join(said.classes)}, but the data has "
            f"{', '.join(faces.classes)}: name the data that it was trained on"
        )
    order = np.argsort(faces.names, kind="stable")
    place = np.searchsorted(faces.names, said.names, sorter=order).clip(max=len(faces) - 1)
    indices: NDArray[np.int64] = order[place]
    other = (faces.names[indices] != said.names) | (faces.labels[indices] != said.labels)
    if other.any():
        raise RunError(
            f"run: {other.sum():,} of its {len(said):,} tested faces are not in this data under "
            f"the same name and label, the first is {said.names[other][0]}: name the data that it "
            "was trained on"
        )
    return indices
