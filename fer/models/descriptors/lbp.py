"""Local binary patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer.models.descriptors.cells import cell_histograms, hellinger
from fer.models.descriptors.extra import skimage_feature

POINTS = 8
CODES = POINTS * (POINTS - 1) + 3
"""58 uniform patterns, at most two changes between 0 and 1 around the circle, and all others."""


def lbp(images: NDArray[np.uint8], radius: int, cells: int) -> NDArray[np.float32]:
    """Histograms of uniform patterns over a grid (Ahonen, Hadid and Pietikäinen 2006).

    Args:
        images: uint8 `[N, H, W]`.
        radius: Of the circle of 8 neighbours, in pixels; pixels nearer to the edge have no code.
        cells: Histograms in a row, and in a column, of the grid.

    Returns:
        float32 `[N, cells * cells * 59]`, each histogram as in `hellinger`.

    Raises:
        ConfigError: The faces are too small, or scikit-image is not installed.
    """
    pattern = skimage_feature().local_binary_pattern
    inner = slice(radius, -radius)
    codes = np.stack(
        [pattern(image, POINTS, radius, method="nri_uniform")[inner, inner] for image in images]
    )
    counts = cell_histograms(codes.astype(np.int64), CODES, cells)
    return hellinger(counts).reshape(len(images), -1)
