"""Pyramid of histograms of oriented gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer.models.descriptors.cells import cell_histograms, hellinger
from fer.models.descriptors.extra import skimage_feature


def phog(images: NDArray[np.uint8], levels: int, bins: int, edges: bool) -> NDArray[np.float32]:
    """Orientations of gradients over ever finer grids (Bosch, Zisserman and Munoz 2007).

    Level 0 is one histogram, level l a grid of 2^l x 2^l. A gradient counts by its strength, in
    one of `bins` orientations over 360 degrees. All levels together are one histogram.

    Args:
        images: uint8 `[N, H, W]`.
        levels: The finest level.
        bins: Orientations.
        edges: Whether only pixels on edges count (Canny's, as in the paper), or all.

    Returns:
        float32 `[N, D]`, D = bins * (1 + 4 + ... + 4^levels), as in `hellinger`.

    Raises:
        ConfigError: The faces are too small, or scikit-image is not installed.
    """
    pixels = images.astype(np.float64)
    down, across = np.gradient(pixels, axis=(1, 2))
    strength = np.hypot(down, across)
    if edges:
        canny = skimage_feature().canny
        strength *= np.stack([canny(image) for image in pixels / 255])
    turn = np.arctan2(down, across) / (2 * np.pi) % 1
    codes = (turn * bins).astype(np.int64) % bins
    pyramid = [
        cell_histograms(codes, bins, 2**level, strength).reshape(len(images), -1)
        for level in range(levels + 1)
    ]
    return hellinger(np.concatenate(pyramid, axis=1))
