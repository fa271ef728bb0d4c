"""Which row of FER2013's table each of Kaggle's pictures was made from.

Their names do not say, and JPEG has changed their pixels a little: the row whose pixels are
nearest is the one, unless another is about as near.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

CANDIDATES = 8
"""Rows that look alike at 8 x 8, compared at full size."""

FAR = 10.0
"""Gray levels per pixel, of 255; compressing as JPEG of quality 90 costs two to four."""

RATIO = 0.8
"""Of the distances to the nearest and the second row: above it, one cannot tell (Lowe 2004)."""

CHUNK = 512


@dataclass(frozen=True)
class Match:
    """What was found for each of P pictures.

    Attributes:
        row: int64 `[P]`, index of its row; -1 where none looks like it, or several do.
        distance: float32 `[P]`, mean absolute difference to the nearest row, in gray levels.
        far: bool `[P]`, no row looks like it.
        ambiguous: bool `[P]`, several rows do, and their votes differ.
    """

    row: NDArray[np.int64]
    distance: NDArray[np.float32]
    far: NDArray[np.bool_]
    ambiguous: NDArray[np.bool_]


def match_rows(
    pictures: NDArray[np.uint8], rows: NDArray[np.uint8], votes: NDArray[np.int64]
) -> Match:
    """Finds the row of each picture.

    Rows with equal pixels are one candidate. As many pictures as there are such rows share them
    out in their order: which gets which is not known and makes no difference to pixels and votes.

    Args:
        pictures: uint8 `[P, 48, 48]`, decoded from JPEG.
        rows: uint8 `[R, 48, 48]`.
        votes: `[R, V]`, tells rows with equal pixels apart.
    """
    twins: dict[bytes, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        twins[row.tobytes()].append(number)
    groups = list(twins.values())
    distinct = rows[[group[0] for group in groups]]
    nearest, distance, second = _nearest(pictures, distinct)
    far = distance > FAR
    ambiguous = ~far & (distance > RATIO * second)
    found = np.full(len(pictures), -1, dtype=np.int64)
    claims: dict[int, list[int]] = defaultdict(list)
    for picture in np.flatnonzero(~far & ~ambiguous).tolist():
        claims[int(nearest[picture])].append(picture)
    for place, claiming in claims.items():
        group = groups[place]
        if (votes[group] == votes[group[0]]).all():
            found[claiming] = group[0]
        elif len(group) == len(claiming):
            found[claiming] = group
        else:
            ambiguous[claiming] = True
    return Match(found, distance, far, ambiguous)


def _nearest(
    pictures: NDArray[np.uint8], rows: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The nearest row of each picture, its distance, and that of the second (infinite if none)."""
    count = min(CANDIDATES, len(rows))
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(_small(rows))
    candidates = search.kneighbors(_small(pictures), return_distance=False)
    distances = np.full((len(pictures), count + 1), np.inf, dtype=np.float32)
    for start in range(0, len(pictures), CHUNK):
        part = slice(start, start + CHUNK)
        those = pictures[part].astype(np.int16)
        for k in range(count):
            apart = np.abs(those - rows[candidates[part, k]])
            distances[part, k] = apart.mean(axis=(1, 2))
    order = distances.argsort(axis=1)
    best, second = np.take_along_axis(distances, order[:, :2], axis=1).T
    return candidates[np.arange(len(pictures)), order[:, 0]], best, second


def _small(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """8 x 8 block means, `[N, 64]`, which JPEG hardly changes; centred, for precision."""
    n, height, width = images.shape
    blocks = images.reshape(n, 8, height // 8, 8, width // 8)
    small: NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(n, 64) - 127.5
    return small
