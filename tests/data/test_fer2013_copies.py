"""What is known of FER2013, found again in FER2013 itself; skipped where it is not."""

from __future__ import annotations

import time

import numpy as np
import pytest

from fer.auditing.copies import Copies, exact_summary
from fer.auditing.leaks import protocol_effects
from fer.auditing.near_copies import find_near_copies
from fer.data.copies import group_rows
from fer.data.faces import Faces

OFFICIAL = {"name": "official", "validation": "public", "test": "private", "seed": 0}


def test_exact_copies(real_faces: Faces) -> None:
    started = time.perf_counter()
    images = real_faces.images
    found = exact_summary(
        Copies(real_faces, group_rows(images), find_near_copies(images, np.arange(2)))
    )
    assert time.perf_counter() - started < 30
    assert found["distinct"] == 34_034
    assert (found["further"], found["groups"]) == (1853, 1516)
    assert found["groups_across_parts"] == 557
    assert found["groups_with_conflicting_labels"] == 57
    assert found["in_training"] == {"public": 280, "private": 288}
    assert found["by_bytes"] == {"distinct": 34_034, "further": 1853, "groups": 1516}


@pytest.mark.slow
def test_near_copies_of_all_in_three_minutes(real_faces: Faces) -> None:
    started = time.perf_counter()
    copies = Copies.find(real_faces, cosine=0.9, distance=0.28, mirrored=True)
    assert time.perf_counter() - started < 180
    assert 3200 < len(copies.near) < 3400
    assert 40 < copies.near.mirrored.sum() < 80
    (row,) = protocol_effects(copies, {"official": OFFICIAL})
    assert (row["n"], row["exact"]) == (3589, 288)
    assert 300 < row["near"] < 360
