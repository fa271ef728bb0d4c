"""An order for training that reads the disk in long pieces."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCKS = 128
"""Blocks of neighbours in a window, at least: many, and shorter, mix better than few long ones."""

LONGEST = 256
"""Faces of a block at most: 10 MB of 112 x 112 pixels in colour, longer ones read no faster."""


def advice(shape: Sequence[int]) -> str | None:
    """What to tell where pixels uint8 of this shape are more than the machine's memory."""
    if not hasattr(os, "sysconf"):  # Windows
        return None
    size, memory = math.prod(shape), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size <= memory:
        return None
    return (
        f"the pixels fill {size / 1e9:,.0f} GB and the memory has {memory / 1e9:,.0f}: where the "
        "disk is what training waits for, data.shuffle_window=16384 reads it in long pieces"
    )


def shuffled_in_windows(
    indices: NDArray[np.int64], window: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Each index once, at random, yet such that few places of the disk are read at a time.

    Blocks of neighbours are dealt out to windows: of as many blocks in a row as there are windows
    each gets one, at random, so that of data that lies sorted by class each window has its share
    of every class, to a block. The indices of each window are shuffled.

    Args:
        indices: int64 `[N]`; some may come more than once.
        window: Faces whose pixels the memory can hold, from `BLOCKS`.
        rng: Where the order is drawn from.

    Returns:
        int64 `[N]`.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> order = shuffled_in_windows(np.arange(2000), 1024, rng)  # two windows
        >>> sorted(order) == list(range(2000)), int((order[:1000] < 1000).sum())
        (True, 504)
    """
    ordered = np.sort(indices)
    neighbours = min(LONGEST, window // BLOCKS)
    windows = max(1, math.ceil(len(ordered) / window))
    rounds = math.ceil(len(ordered) / (neighbours * windows))
    dealt = rng.permuted(np.tile(np.arange(windows), (rounds, 1)), axis=1)
    window_of = np.repeat(dealt, neighbours)[: len(ordered)]
    return ordered[np.lexsort((rng.random(len(ordered)), window_of))]
