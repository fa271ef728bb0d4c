"""The pixels themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Each face's pixels in a row, with zero mean and unit deviation against its own lighting.

    Args:
        images: uint8 `[N, H, W]`.

    Returns:
        float32 `[N, H * W]`; all 0 for a face of one gray.
    """
    flat = images.reshape(len(images), -1).astype(np.float64)
    centred = flat - flat.mean(axis=1, keepdims=True)
    spread = np.maximum(centred.std(axis=1, keepdims=True), 1e-6)
    scaled: NDArray[np.float32] = (centred / spread).astype(np.float32)
    return scaled
