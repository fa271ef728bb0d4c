"""Boxes and labels on pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.data.faces import EXPRESSIONS
from fer.recognition.recognizer import Face

COLOURS = (
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (0, 114, 178),
    (86, 180, 233),
    (127, 127, 127),
    (240, 228, 66),
)
"""RGB by expression, of Okabe and Ito's palette (2008), told apart with any colour vision."""

OTHER = (90, 90, 90)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def colour_of(label: str) -> tuple[int, int, int]:
    """The RGB of an expression; gray for classes of a user's own."""
    return COLOURS[EXPRESSIONS.index(label)] if label in EXPRESSIONS else OTHER


def caption(face: Face) -> str:
    """What stands above a face: an answer that is not sure has a question mark.

    Examples:
        >>> caption(Face((0, 0, 9, 9), 1.0, "happy", {"happy": 0.912}, sure=False))
        'happy? 91 %'
    """
    return f"{face.label}{'?' if face.sure is False else ''} {face.confidence:.0%}".replace(
        "%", " %"
    )


def draw_faces(image: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.uint8]:
    """A copy of a picture with a box and a caption for each face.

    Args:
        image: uint8 `[H, W, 3]`, RGB.
        faces: Of this picture.

    Returns:
        uint8 `[H, W, 3]`, RGB.
    """
    drawn = image.copy()
    thick = max(1, round(max(image.shape[:2]) / 400))
    for face in sorted(faces, key=lambda face: face.box[2]):
        x, y, w, h = (round(number) for number in face.box)
        colour = colour_of(face.label)
        line = thick if face.sure is not False else max(1, thick // 2)
        cv2.rectangle(drawn, (x, y), (x + w, y + h), colour, line, cv2.LINE_AA)
        _write(drawn, caption(face), x, y, h, colour, thick)
    return drawn


def draw_note(image: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """A copy of a picture, uint8 `[H, W, 3]`, with a line of text in its upper left corner."""
    drawn = image.copy()
    _write(drawn, text, 0, 0, 0, (0, 0, 0), max(1, round(max(image.shape[:2]) / 400)))
    return drawn


def _write(
    image: NDArray[np.uint8],
    text: str,
    x: int,
    y: int,
    h: int,
    colour: tuple[int, int, int],
    thick: int,
) -> None:
    """A caption on its colour, above the box, or below where there is no room."""
    scale = 0.45 * max(1.0, max(image.shape[:2]) / 800)
    pen = max(1, thick // 2)
    (width, height), below = cv2.getTextSize(text, FONT, scale, pen)
    tall = height + below + 4
    top = y - tall if y >= tall else y + h
    top = max(0, min(top, image.shape[0] - tall))
    left = max(0, min(x, image.shape[1] - width - 4))
    cv2.rectangle(image, (left, top), (left + width + 4, top + tall), colour, cv2.FILLED)
    dark = sum(share * part for share, part in zip((0.299, 0.587, 0.114), colour, strict=True))
    ink = (0, 0, 0) if dark > 128 else (255, 255, 255)
    place = (left + 2, top + height + 2)
    cv2.putText(image, text, place, FONT, scale, ink, pen, cv2.LINE_AA)
