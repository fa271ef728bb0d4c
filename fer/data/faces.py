"""Faces: the one in-memory form of every data set."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
"""Class order everywhere; contempt only where a data set has it."""

SEVEN = EXPRESSIONS[:7]


@dataclass(frozen=True)
class Faces:
    """All faces of a data set.

    Attributes:
        images: uint8 `[N, H, W]` (gray) or `[N, H, W, 3]` (RGB), 0 to 255; usually memory-mapped.
        labels: int64 `[N]`, indices into `classes`.
        classes: Names of the classes, in the order of `EXPRESSIONS`.
        names: str `[N]`, traces each face to its file or row.
        fingerprint: Hex digest of pixels, labels, parts, subjects, votes and targets: equal
            content, equal digest.
        part: str `[N]`, the publisher's own part of each face, one of `readers.PARTS`.
        subject: str `[N]`, the person each face belongs to.
        sequence: str `[N]`, the recording each face is a frame of.
        votes: float32 `[N, K]`, the share of the annotators who chose each class; what is missing
            to 1 chose none of them.
        targets: float32 `[N, K]`, 0 to 1, what training aims at where that is more than the label:
            probabilities, or 1 for each class that will do.
        file_hashes: uint8 `[N, 32]`, SHA-256 of each source file's bytes, where there are files.
        bad_files: (name, reason) of every file that was left out.
        notes: Lines about the data worth telling and recording, such as deviations from official
            counts.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    names: NDArray[np.str_]
    fingerprint: str
    part: NDArray[np.str_] | None = None
    subject: NDArray[np.str_] | None = None
    sequence: NDArray[np.str_] | None = None
    votes: NDArray[np.float32] | None = None
    targets: NDArray[np.float32] | None = None
    file_hashes: NDArray[np.uint8] | None = None
    bad_files: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """The number of faces, N."""
        return len(self.labels)

    def agreement(self, indices: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Share of the annotators who chose the label of each of some faces, where known."""
        return None if self.votes is None else self.votes[indices, self.labels[indices]]

    def counts(self) -> dict[str, int]:
        """Faces per class, in class order."""
        found = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, found.tolist(), strict=True))
