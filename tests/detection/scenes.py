"""Pictures with faces at known places, and what is needed to judge the answers."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.data.synthetic import draw_face
from fer.detection import Box

CONTENT = (0.12, 0.12, 0.76, 0.84)
"""Where a synthetic face lies in its square, as shares: x, y, width, height."""


def plain(height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    """A picture without a face: one colour that changes slowly."""
    ramp = np.linspace(70, 130, width)[None, :, None] + np.array([0.0, 10.0, 20.0])
    return np.broadcast_to(ramp, (height, width, 3)).astype(np.uint8)


def put(
    picture: NDArray[np.uint8], face: NDArray[np.uint8], x: int, y: int, side: int, turn: float = 0
) -> Box:
    """Enlarges a gray face to a square of `side` at (x, y), turned by degrees; returns its box."""
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), turn, 1)
    large = cv2.warpAffine(large, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    picture[y : y + side, x : x + side] = large[..., None]
    share = CONTENT
    return x + share[0] * side, y + share[1] * side, share[2] * side, share[3] * side


def drawn(index: int = 6) -> NDArray[np.uint8]:
    """A synthetic face, gray 96 x 96; index 6 is neutral."""
    return draw_face(0, index, size=96).image


def scene(*places: Sequence[float], index: int = 6) -> tuple[NDArray[np.uint8], list[Box]]:
    """A plain picture with a synthetic face at each (x, y, side[, turn])."""
    picture = plain()
    boxes = [
        put(picture, drawn(index), int(x), int(y), int(side), *turn) for x, y, side, *turn in places
    ]
    return picture, boxes


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0.0, across) * max(0.0, down)
    return both / (one[2] * one[3] + other[2] * other[3] - both)
