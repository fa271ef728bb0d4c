"""Histograms of the cells of a grid, which most descriptors end in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer.errors import ConfigError


def cell_histograms(
    codes: NDArray[np.integer],
    bins: int,
    cells: int,
    weights: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Counts codes in each cell of a grid over the picture.

    Args:
        codes: `[N, h, w]`, 0 to `bins - 1`.
        bins: Of a histogram.
        cells: The picture is cut into `cells` x `cells`.
        weights: `[N, h, w]`, what each code counts; None: 1.

    Returns:
        `[N, cells, cells, bins]`, by row and column of the grid.

    Raises:
        ConfigError: The picture has fewer rows or columns than the grid.

    Examples:
        >>> cell_histograms(np.array([[[0, 1], [1, 1]]]), bins=2, cells=1).tolist()
        [[[[1.0, 3.0]]]]
    """
    n, height, width = codes.shape
    if cells > min(height, width):
        raise ConfigError(
            f"a grid of {cells} x {cells} cells over {height} x {width} codes has empty cells: "
            "use fewer (model.lbp.cells, model.lpq.cells or model.phog.levels), or larger faces "
            "(data.size)"
        )
    rows, columns = np.arange(height) * cells // height, np.arange(width) * cells // width
    place = (np.arange(n)[:, None, None] * cells + rows[:, None]) * cells + columns
    slots = (place * bins + codes).ravel()
    flat = None if weights is None else weights.ravel()
    counts = np.bincount(slots, weights=flat, minlength=n * cells * cells * bins)
    return counts.reshape(n, cells, cells, bins).astype(np.float64)


def hellinger(histograms: NDArray[np.float64]) -> NDArray[np.float32]:
    """Square roots of the shares within each histogram, the last axis.

    Plain products of such vectors are the Hellinger kernel of the histograms (Vedaldi and
    Zisserman, Efficient additive kernels via explicit feature maps, 2012, section 3).

    Examples:
        >>> hellinger(np.array([9.0, 0.0, 16.0])).tolist()
        [0.6000000238418579, 0.0, 0.800000011920929]
    """
    total = histograms.sum(axis=-1, keepdims=True)
    shares = np.divide(histograms, total, out=np.zeros_like(histograms), where=total > 0)
    roots: NDArray[np.float32] = np.sqrt(shares).astype(np.float32)
    return roots
