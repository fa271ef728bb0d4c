"""Which images are the same picture, pixel by pixel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces
from fer.data.protocols import Split

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class TestCopies:
    """Tested images whose pixels are those of an image that the run has learnt from.

    Attributes:
        training: bool `[N]`, the image has a copy in training.
        validation: bool `[N]`, the image has a copy in validation.
        conflicting: bool `[N]`, a copy in training is labelled as another class.
    """

    training: Mask
    validation: Mask
    conflicting: Mask


def group_rows(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Numbers rows so that equal rows, and only these, have the same number.

    Args:
        rows: uint8 `[N, ...]`, images or digests; a memory map is read row by row.

    Returns:
        int64 `[N]`, 0 to the number of distinct rows less 1.

    Example:
        >>> group_rows(np.array([[3, 4], [1, 2], [3, 4]], dtype=np.uint8)).tolist()
        [0, 1, 0]
    """
    seen: dict[bytes, int] = {}
    digests = (hashlib.blake2b(np.ascontiguousarray(row), digest_size=16).digest() for row in rows)
    return np.array([seen.setdefault(digest, len(seen)) for digest in digests], dtype=np.int64)


def find_test_copies(faces: Faces, split: Split, indices: NDArray[np.int64]) -> TestCopies:
    """Looks for tested images among those of training and validation.

    Args:
        faces: All faces.
        split: Who is in training and validation.
        indices: int64 `[N]`, the tested faces, none of them in training.
    """
    order = np.concatenate([indices, split.train, split.validation])
    groups = group_rows(faces.images[order])
    tested, train, validation = np.split(groups, [len(indices), len(indices) + len(split.train)])
    labels = np.zeros((groups.max(initial=-1) + 1, len(faces.classes)), dtype=bool)
    labels[train, faces.labels[split.train]] = True
    others = labels[tested]
    others[np.arange(len(indices)), faces.labels[indices]] = False
    return TestCopies(np.isin(tested, train), np.isin(tested, validation), others.any(axis=1))
