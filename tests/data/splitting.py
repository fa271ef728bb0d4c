"""Faces made in memory, split by a protocol, and what every split must be."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from fer.data.faces import Faces
from fer.data.protocols import make_split
from fer.data.splits import Split
from tests.composing import settings
from tests.data.made import made_faces

PARTS = ("train", "validation", "test")
KNOWN, UNKNOWN = made_faces(parts=True), made_faces(subjects=False, parts=True)


def protocol(name: str, **changes: Any) -> dict[str, Any]:
    return settings(f"protocol={name}")["protocol"] | changes


def split(
    faces: Faces, name: str, limit: int | None = None, seed: int = 0, **changes: Any
) -> Split:
    return make_split(faces, protocol(name, **changes), limit, seed)


def sizes(found: Split, faces: Faces) -> list[float]:
    return [len(found.part(part)) / len(faces) for part in PARTS]


def check_disjoint(found: Split) -> None:
    for one, other in combinations(PARTS, 2):
        assert not set(found.part(one)) & set(found.part(other))
    for part in PARTS:
        assert np.all(np.diff(found.part(part)) > 0)


def people(found: Split, faces: Faces, part: str) -> set[str]:
    assert faces.subject is not None
    return set(faces.subject[found.part(part)])


def check_stratified(found: Split, faces: Faces) -> None:
    """Every part has of every class what its size asks for, to an image."""
    whole = np.bincount(faces.labels, minlength=7) / len(faces)
    for part in PARTS:
        own = np.bincount(faces.labels[found.part(part)], minlength=7)
        assert np.abs(own - whole * own.sum()).max() <= 1.5, part
