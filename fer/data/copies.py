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
        conflicting: bool `[N]`, a copy in training is labelled as another class.
    """

    training: Mask
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
    digests = (hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows)
    return np.array([seen.setdefault(digest, len(seen)) for digest in digests], dtype=np.int64)


def among(rows: NDArray[np.uint8], others: NDArray[np.uint8]) -> Mask:
    """Whether each row is, byte by byte, one of others.

    Args:
        rows: uint8 `[N, ...]`, images or digests.
        others: uint8 `[M, ...]`.

    Returns:
        bool `[N]`.

    Example:
        >>> among(np.array([[3, 4], [1, 2]]), np.array([[1, 2], [1, 2], [5, 6]])).tolist()
        [False, True]
    """
    known = {row.tobytes() for row in others}
    return np.array([row.tobytes() in known for row in rows], dtype=bool)


def find_test_copies(faces: Faces, split: Split, indices: NDArray[np.int64]) -> TestCopies:
    """Looks for tested images among those of training.

    Args:
        faces: All faces.
        split: Says who is in training.
        indices: int64 `[N]`, the tested faces, none of them in training.
    """
    groups = group_rows(faces.images[np.concatenate([indices, split.train])])
    tested, train = groups[: len(indices)], groups[len(indices) :]
    labels = np.zeros((groups.max(initial=-1) + 1, len(faces.classes)), dtype=bool)
    labels[train, faces.labels[split.train]] = True
    others = labels[tested]
    others[np.arange(len(indices)), faces.labels[indices]] = False
    training: Mask = np.isin(tested, train)
    conflicting: Mask = np.any(others, axis=1)
    return TestCopies(training, conflicting)
