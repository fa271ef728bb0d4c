"""What a data set holds: faces per class and part, people, sequences, pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces
from fer.data.readers import PARTS

_BLOCK = 4096


def parts_of(faces: Faces) -> dict[str, NDArray[np.int64]]:
    """The publisher's own parts in their order; all faces as `all` where there are none."""
    if faces.part is None:
        return {"all": np.arange(len(faces))}
    found = {name: np.flatnonzero(faces.part == name) for name in PARTS}
    return {name: indices for name, indices in found.items() if len(indices)}


def class_counts(faces: Faces) -> dict[str, dict[str, int]]:
    """Faces per part and class."""
    return {
        name: dict(
            zip(
                faces.classes,
                np.bincount(faces.labels[indices], minlength=len(faces.classes)).tolist(),
                strict=True,
            )
        )
        for name, indices in parts_of(faces).items()
    }


def pixel_deviations(faces: Faces) -> NDArray[np.float64]:
    """float64 `[N]`: how much the pixels of each face deviate from their mean, in gray levels."""
    deviations = np.empty(len(faces))
    for start in range(0, len(faces), _BLOCK):
        block = faces.images[start : start + _BLOCK].reshape(-1, faces.images[0].size)
        deviations[start : start + _BLOCK] = block.std(axis=1, dtype=np.float32)
    return deviations


def pixel_statistics(faces: Faces) -> dict[str, dict[str, float]]:
    """Of each part: mean and deviation on the scale 0 to 1, shares of black and white pixels."""
    statistics = {}
    for name, indices in parts_of(faces).items():
        counts = np.zeros(256)
        for start in range(0, len(indices), _BLOCK):
            pixels = faces.images[indices[start : start + _BLOCK]]
            counts += np.bincount(pixels.ravel(), minlength=256)
        share, levels = counts / counts.sum(), np.arange(256) / 255
        mean = float(share @ levels)
        statistics[name] = {
            "mean": mean,
            "deviation": float(np.sqrt(share @ (levels - mean) ** 2)),
            "black": float(share[0]),
            "white": float(share[255]),
        }
    return statistics


def group_summary(faces: Faces, groups: NDArray[np.str_] | None) -> dict[str, int] | None:
    """How many people (or sequences) there are, and how many are in several parts; None unknown."""
    if groups is None:
        return None
    several = 0
    if faces.part is not None:
        pairs = np.unique(np.stack([groups, faces.part]), axis=1)
        several = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    return {"number": len(np.unique(groups)), "in_several_parts": several}
