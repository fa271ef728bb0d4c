"""Gray-level normalisation: the same face in other light gives nearly the same pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

METHODS = ("none", "equalize", "clahe", "standardize")
MEAN, DEVIATION = 128.0, 128.0 / 3
"""Where `standardize` puts mean and standard deviation, so that three deviations fill 0 to 255."""

CLIP_LIMIT, TILES = 2.0, (8, 8)
"""Of CLAHE: contrast limit and tiles, as in OpenCV's tutorial."""


def normalise_levels(image: NDArray[np.uint8], method: str) -> NDArray[np.uint8]:
    """Normalises the gray levels of a face.

    Args:
        image: uint8 `[H, W]`, or `[H, W, 3]` (RGB), of which the luma changes (Y of YCrCb, ITU-R
            BT.601) and the chroma stays.
        method: `none`; `equalize`, histogram equalisation; `clahe`, equalisation in tiles with
            limited contrast (Zuiderveld, 1994); `standardize`, zero mean and unit variance, then
            `MEAN + DEVIATION * value`, rounded and cut at 0 and 255.

    Returns:
        uint8, shape as given.
    """
    if method == "none":
        return image
    if image.ndim == 2:
        return _normalised(image, method)
    parts = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    parts[..., 0] = _normalised(np.ascontiguousarray(parts[..., 0], dtype=np.uint8), method)
    return np.asarray(cv2.cvtColor(parts, cv2.COLOR_YCrCb2RGB), dtype=np.uint8)


def _normalised(gray: NDArray[np.uint8], method: str) -> NDArray[np.uint8]:
    if method == "equalize":
        return np.asarray(cv2.equalizeHist(gray), dtype=np.uint8)
    if method == "clahe":
        return np.asarray(cv2.createCLAHE(CLIP_LIMIT, TILES).apply(gray), dtype=np.uint8)
    levels = gray.astype(np.float64)
    deviation = max(float(levels.std()), 1e-6)
    levels = MEAN + DEVIATION * (levels - levels.mean()) / deviation
    return np.asarray(np.rint(levels).clip(0, 255), dtype=np.uint8)
