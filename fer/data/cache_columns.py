"""All that is known of faces but their pixels, as arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.data.readers import PARTS, Record

TEXTS = ("part", "subject", "sequence")
"""Columns that are there where one face has them; the others only where all have."""


@dataclass
class Columns:
    """What is kept in memory of each face while its block is written.

    Attributes:
        by_content: Whether `order_by_content` will be asked for.
    """

    by_content: bool = False
    labels: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    parts: list[str | None] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)
    sequences: list[str | None] = field(default_factory=list)
    votes: list[tuple[float, ...] | None] = field(default_factory=list)
    targets: list[tuple[float, ...] | None] = field(default_factory=list)
    hashes: list[bytes | None] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Notes a face."""
        self.labels.append(record.label)
        self.names.append(record.name)
        self.parts.append(record.part)
        self.subjects.append(record.subject)
        self.sequences.append(record.sequence)
        self.votes.append(record.votes)
        self.targets.append(record.targets)
        self.hashes.append(record.file_hash)
        if self.by_content:
            self.digests.append(hashlib.sha256(record.image.tobytes()).digest())

    def order_by_content(self) -> NDArray[np.int64]:
        """Indices that sort by part, label, pixels and name."""
        ranks: dict[str | None, int] = {part: rank for rank, part in enumerate(PARTS)}
        keys = [
            (ranks.get(part, len(PARTS)), part or "", label, digest, name)
            for part, label, digest, name in zip(
                self.parts, self.labels, self.digests, self.names, strict=True
            )
        ]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)

    def arrays(self, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The columns that are known, in the given order."""
        found: dict[str, NDArray[Any]] = {
            "labels": np.array(self.labels, dtype=np.int64)[order],
            "names": np.array(self.names, dtype=np.str_)[order],
        }
        for name, column in zip(TEXTS, (self.parts, self.subjects, self.sequences), strict=True):
            if any(value is not None for value in column):
                found[name] = np.array([value or "" for value in column])[order]
        for name, rows in {"votes": self.votes, "targets": self.targets}.items():
            known = [value for value in rows if value is not None]
            if known and len(known) == len(rows):
                found[name] = np.array(known, dtype=np.float32)[order]
        hashes = [value for value in self.hashes if value is not None]
        if len(hashes) == len(self.hashes):
            joined = np.frombuffer(b"".join(hashes), dtype=np.uint8)
            found["file_hashes"] = joined.reshape(-1, 32)[order]
        return found
