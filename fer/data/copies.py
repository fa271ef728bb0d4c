"""Which images are the same picture, pixel by pixel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces
from fer.data.splits import Split

Mask = NDArray[np.bool_]

_BLOCK = 2048


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

    Examples:
        >>> group_rows(np.array([[3, 4], [1, 2], [3, 4]], dtype=np.uint8)).tolist()
        [0, 1, 0]
    """
    seen: dict[bytes, int] = {}
    digests = (digest.tobytes() for digest in row_digests(rows))
    return np.array([seen.setdefault(digest, len(seen)) for digest in digests], dtype=np.int64)


def row_digests(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 `[N, 16]`: a digest of each row `[N, ...]`, equal for equal rows only."""
    found = b"".join(hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows)
    return np.frombuffer(found, dtype=np.uint8).reshape(len(rows), 16)


def image_digests(images: NDArray[np.uint8], indices: NDArray[np.int64]) -> NDArray[np.uint8]:
    """As `row_digests`, of some images `[N, ...]` that are read a block at a time."""
    blocks = np.split(indices, range(_BLOCK, len(indices), _BLOCK))
    return np.concatenate([row_digests(np.asarray(images[block])) for block in blocks])


def among(rows: NDArray[np.uint8], others: NDArray[np.uint8]) -> Mask:
    """Whether each row is, byte by byte, one of others.

    Args:
        rows: uint8 `[N, ...]`, images or digests.
        others: uint8 `[M, ...]`.

    Returns:
        bool `[N]`.

    Examples:
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
    compared = np.concatenate([indices, split.train])
    digests = image_digests(faces.images, compared)
    return compare_rows(digests, faces.labels[compared], len(indices))


def compare_rows(rows: NDArray[np.uint8], labels: NDArray[np.int64], tested: int) -> TestCopies:
    """Looks for the first rows among the others.

    Args:
        rows: uint8 `[M, ...]`, images or their digests: those tested, then those of training.
        labels: int64 `[M]`, from 0.
        tested: How many rows are tested.
    """
    return compare_groups(group_rows(rows), labels, tested)


def compare_groups(groups: NDArray[np.int64], labels: NDArray[np.int64], tested: int) -> TestCopies:
    """The same for rows that `group_rows` has numbered, int64 `[M]`."""
    known = np.zeros((groups.max(initial=-1) + 1, labels.max(initial=-1) + 1), dtype=bool)
    known[groups[tested:], labels[tested:]] = True
    others = known[groups[:tested]]
    training: Mask = np.any(others, axis=1)
    others[np.arange(tested), labels[:tested]] = False
    conflicting: Mask = np.any(others, axis=1)
    return TestCopies(training, conflicting)
