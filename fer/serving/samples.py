"""The page's gallery: synthetic faces, drawn when asked for."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image

from fer.data.faces import SEVEN
from fer.data.synthetic import draw_face

SEED = 1
FACES = (0, 1, 2, 3, 4, 5, 6, 21, 22, 30, 17, 32, 40, 20)
"""Indices of `draw_face`: each expression twice, of faces that Haar finds."""

SIDE, BORDER = 160, 32
"""Of the face and of the wall around it, in pixels."""

SAMPLES = tuple(SEVEN[index % len(SEVEN)] for index in FACES)
"""What each sample was drawn to express."""


@lru_cache(maxsize=len(FACES))
def sample(number: int) -> bytes:
    """A face before a wall, as PNG.

    Args:
        number: 0 to `len(SAMPLES)` - 1.
    """
    face = draw_face(SEED, FACES[number], SIDE).image
    side = SIDE + 2 * BORDER
    picture = np.broadcast_to(np.linspace(70, 130, side), (side, side)).astype(np.uint8)
    picture[BORDER:-BORDER, BORDER:-BORDER] = face
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
