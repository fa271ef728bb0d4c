"""Faces made in memory, for tests of what happens after reading."""

from __future__ import annotations

import numpy as np

from fer.data.faces import SEVEN, Faces


def made_faces(
    people: int = 20, each: int = 2, side: int = 8, subjects: bool = True, parts: bool = False
) -> Faces:
    """Every person shows every expression `each` times, shuffled; parts 60, 20 and 20 % of them.

    The pixels of face i are all i modulo 251.
    """
    rng = np.random.default_rng(17)
    n = people * 7 * each
    order = rng.permutation(n)
    person, labels = order // (7 * each), order % 7
    share = person / people
    part = np.where(share < 0.6, "training", np.where(share < 0.8, "public", "private"))
    pixels = (np.arange(n) % 251).astype(np.uint8)
    return Faces(
        images=np.ascontiguousarray(np.broadcast_to(pixels[:, None, None], (n, side, side))),
        labels=labels.astype(np.int64),
        classes=SEVEN,
        names=np.array([f"face {i}" for i in range(n)]),
        fingerprint="made",
        part=part if parts else None,
        subject=np.array([f"p{k:02}" for k in person]) if subjects else None,
    )
