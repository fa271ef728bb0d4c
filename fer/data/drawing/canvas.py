"""A picture that is drawn on in face coordinates.

Face coordinates: x to the right, y down, the origin between the eyes and the mouth, the half height
of the face as the unit. Shapes are drawn four times too large and reduced.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fer.data.drawing.person import Shot

Curve: TypeAlias = NDArray[np.float64]

SUPERSAMPLING = 4

ALONG: Curve = np.linspace(-1.0, 1.0, 17)
"""From the left end of a curve, -1, to its right end, 1."""

BOW: Curve = 1.0 - ALONG**2
"""A parabola over `ALONG`: 0 at the ends, 1 in the middle."""

TURN: Curve = np.linspace(0.0, 2.0 * np.pi, 41)
CIRCLE_X, CIRCLE_Y = np.cos(TURN), np.sin(TURN)


class Canvas:
    """A supersampled gray picture that is drawn on in face coordinates."""

    def __init__(self, size: int, face_width: float, shot: Shot) -> None:
        side = size * SUPERSAMPLING
        self.picture = Image.new("L", (side, side), int(shot.background))
        self._draw = ImageDraw.Draw(self.picture)
        self._unit = side / 2.0
        self._face_width = face_width
        self._yaw = (np.sin(shot.yaw), np.cos(shot.yaw))
        scale = self._unit * shot.scale
        self._rotation = (scale * np.cos(shot.roll), scale * np.sin(shot.roll))
        self._origin = (self._unit * (1.0 + shot.shift[0]), self._unit * (1.0 + shot.shift[1]))
        self._scale = scale

    def _place(self, x: Curve, y: Curve, turned: bool) -> list[float]:
        """Pixel coordinates, flat; what is `turned` lies on the round front of the head."""
        if turned:
            across = np.clip(x / self._face_width, -1.0, 1.0) * 0.9
            sine, cosine = self._yaw
            x = (across * cosine + np.sqrt(1.0 - across**2) * sine) * (self._face_width / 0.9)
        cosine, sine = self._rotation
        points = np.empty((len(x), 2))
        points[:, 0] = cosine * x - sine * y + self._origin[0]
        points[:, 1] = sine * x + cosine * y + self._origin[1]
        flat: list[float] = points.ravel().tolist()
        return flat

    def fill(self, x: Curve, y: Curve, tone: float, turned: bool = True) -> None:
        """Fill the polygon through the points."""
        self._draw.polygon(self._place(x, y, turned), fill=_level(tone))

    def stroke(self, x: Curve, y: Curve, width: float, tone: float, turned: bool = True) -> None:
        """Draw a line through the points."""
        pixels = max(1, round(width * self._scale))
        self._draw.line(self._place(x, y, turned), fill=_level(tone), width=pixels)


def _level(tone: float) -> int:
    return min(255, max(0, int(tone)))


def points(*pairs: tuple[float, float]) -> tuple[Curve, Curve]:
    """Split (x, y) pairs into all x and all y."""
    table = np.array(pairs)
    return table[:, 0], table[:, 1]


def band(x: Curve, upper: Curve, lower: Curve) -> tuple[Curve, Curve]:
    """The outline of what lies between two curves over the same x."""
    return np.concatenate((x, x[::-1])), np.concatenate((upper, lower[::-1]))
