"""An order for training that reads the disk in long pieces."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 256
"""Faces that lie side by side and are read together: 10 MB of 112 x 112 pixels in colour."""


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

    Blocks of neighbours are put in random order, then the indices of every `window` are shuffled.
    Each window is a sample of the whole by blocks, as in the shuffle buffers of data that is read
    as a stream, so data that lies sorted by class is mixed as well as `window / NEIGHBOURS` blocks
    can mix it.

    Args:
        indices: int64 `[N]`; some may come more than once.
        window: Faces whose pixels the memory can hold.
        rng: Where the order is drawn from.

    Returns:
        int64 `[N]`.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> sorted(shuffled_in_windows(np.arange(2000), 1024, rng)) == list(range(2000))
        True
    """
    ordered = np.sort(indices)
    blocks = np.split(ordered, range(NEIGHBOURS, len(ordered), NEIGHBOURS))
    mixed = np.concatenate([blocks[k] for k in rng.permutation(len(blocks))])
    for start in range(0, len(mixed), window):
        rng.shuffle(mixed[start : start + window])
    return mixed
