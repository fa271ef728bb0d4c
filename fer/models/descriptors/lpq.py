"""Local phase quantisation (Ojansivu and Heikkilä 2008), which blur hardly changes."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from fer.errors import ConfigError
from fer.models.descriptors.cells import cell_histograms, hellinger

RHO = 0.9
"""Assumed correlation of neighbouring pixels (section 3.2)."""
GRAIN = 1e-6
"""How much longer a pixel is counted across than down. The decorrelation of a perfectly square
window is free to turn; this pins it down, whichever library computes it."""
NOTHING = 1e-9
"""Coefficients so near 0 are rounding errors and count as 0; pixels are 0 to 255."""


def lpq_codes(
    images: NDArray[np.integer] | NDArray[np.floating], window: int, decorrelate: bool
) -> NDArray[np.uint8]:
    """The code of each pixel whose window lies in the picture.

    A window's Fourier coefficients are taken at the frequencies (a, 0), (0, a), (a, a), (a, -a),
    written (across, down), with a = 1 / window (section 3.1). Their real and imaginary parts give a
    bit each, 1 from 0 up; the first, the real part at (a, 0), is the lowest (section 3.3).

    Args:
        images: `[N, H, W]`.
        window: Side of the square window, odd, in pixels.
        decorrelate: Whether the eight parts are decorrelated first (section 3.2).

    Returns:
        uint8 `[N, H - window + 1, W - window + 1]`.
    """
    filters = _filters(window, decorrelate)
    height, width = (side - window + 1 for side in images.shape[1:])
    codes = np.empty((len(images), height, width), dtype=np.uint8)
    for i, image in enumerate(images):
        patches = sliding_window_view(image.astype(np.float64), (window, window))
        parts = patches.reshape(height * width, -1) @ filters.T
        codes[i] = np.packbits(parts > -NOTHING, axis=1, bitorder="little").reshape(height, width)
    return codes


def lpq(
    images: NDArray[np.uint8], window: int, cells: int, decorrelate: bool
) -> NDArray[np.float32]:
    """Histograms of the 256 codes over a grid.

    Args:
        images: uint8 `[N, H, W]`.
        window: Side of the square window, odd, in pixels.
        cells: Histograms in a row, and in a column, of the grid.
        decorrelate: As in `lpq_codes`.

    Returns:
        float32 `[N, cells * cells * 256]`, each histogram as in `hellinger`.

    Raises:
        ConfigError: The faces are too small.
    """
    if window > min(images.shape[1:]):
        raise ConfigError(
            f"model.lpq.window={window} is larger than the faces, {images.shape[1]} x "
            f"{images.shape[2]}"
        )
    counts = cell_histograms(lpq_codes(images, window, decorrelate).astype(np.int64), 256, cells)
    return hellinger(counts).reshape(len(images), -1)


@cache
def _filters(window: int, decorrelate: bool) -> NDArray[np.float64]:
    """`[8, window * window]`: what a window is multiplied with to get the eight parts."""
    down, across = (axis.ravel() for axis in np.mgrid[:window, :window] - window // 2)
    turns = np.array([across, down, across + down, across - down]) / window
    waves = np.exp(-2j * np.pi * turns)
    filters = np.stack([waves.real, waves.imag], axis=1).reshape(8, -1)
    if decorrelate:
        apart = np.hypot(
            (1 + GRAIN) * (across[:, None] - across), down[:, None] - down
        )  # of each two pixels
        _, axes = np.linalg.eigh(filters @ RHO**apart @ filters.T)
        axes = axes[:, ::-1]  # strongest first
        largest = np.abs(axes).argmax(axis=0)
        filters = (axes * np.sign(axes[largest, range(8)])).T @ filters
    return filters
