"""Viola and Jones' detector with the Haar cascades that OpenCV ships (Viola and Jones, 2001)."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.detection import Box, Detection, Point
from fer.errors import ConfigError

FACE, EYE = "haarcascade_frontalface_default.xml", "haarcascade_eye.xml"
SCALE_STEP = 1.1
"""Each search window is so many times larger than the one before; OpenCV's default."""

EVEN_WEIGHT = 4.0
"""The last stage's weight that scores 0.5. Ours: with FER2013's faces in textured scenes, more than
three quarters of 71 true detections lay above it, three quarters of 235 false ones below."""

UPPER = 0.6
"""Eyes are looked for in this upper share of a face's box."""

EYE_NEIGHBOURS = 3
MAX_TILT = 30.0
"""Degrees; two finds that are further from level are no pair of eyes."""

APART = (0.3, 0.55)
"""Distance of both eyes as a share of the face box's width; others are no pair. Ours."""


class HaarDetector:
    """Frontal faces by a cascade of Haar features; no model file, many false detections.

    The score is the logistic function of what the cascade's last stage sums up (`levelWeights`):
    the higher the sum, the higher the score, which is no probability.

    Args:
        min_size: Side of the smallest face, in pixels; the cascade's own window has 24.
        min_score: Faces with a lower score are left out.
        neighbours: Overlapping hits that make a face; fewer find more faces, and more false ones.
        eyes: Look for both eyes in each face, by OpenCV's eye cascade.
    """

    def __init__(
        self, min_size: int = 24, min_score: float = 0.0, neighbours: int = 5, eyes: bool = False
    ) -> None:
        self.min_size, self.min_score, self.neighbours = min_size, min_score, neighbours
        self._faces = _cascade(FACE)
        self._eyes = _cascade(EYE) if eyes else None

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """All frontal faces, the surest first; see `Detector`."""
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        gray = np.ascontiguousarray(gray, dtype=np.uint8)
        found = [
            Detection(*box, score=1 / (1 + math.exp(EVEN_WEIGHT - weight)))
            for box, weight in _search(self._faces, gray, self.min_size, self.neighbours)
        ]
        found = [face for face in found if face.score >= self.min_score]
        if self._eyes is not None:
            found = [
                Detection(*face.box, face.score, _find_eyes(self._eyes, gray, face.box))
                for face in found
            ]
        # threads hand in their finds in any order
        return sorted(found, key=lambda face: (-face.score, face.box))


def _cascade(name: str) -> cv2.CascadeClassifier:
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))
    if cascade.empty():
        raise ConfigError(
            f"OpenCV {cv2.__version__} is installed without {name}: "
            "pip install --force-reinstall 'opencv-python-headless>=4.10,<5'"
        )
    return cascade


def _search(
    cascade: cv2.CascadeClassifier, gray: NDArray[np.uint8], min_size: int, neighbours: int
) -> list[tuple[Box, float]]:
    """Boxes and the weights of the last stage."""
    boxes, _, weights = cascade.detectMultiScale3(
        gray, SCALE_STEP, neighbours, minSize=(min_size, min_size), outputRejectLevels=True
    )
    return [
        ((float(x), float(y), float(w), float(h)), float(weight))
        for (x, y, w, h), weight in zip(boxes, np.ravel(weights), strict=True)
    ]


def _find_eyes(
    cascade: cv2.CascadeClassifier, gray: NDArray[np.uint8], face: Box
) -> tuple[Point, Point] | None:
    """The surest eye of each half of a face, if they make a pair."""
    x, y, w, h = map(int, face)
    upper = np.ascontiguousarray(gray[y : y + int(UPPER * h), x : x + w])
    halves: dict[bool, tuple[float, Point]] = {}
    for (ex, ey, ew, eh), weight in _search(cascade, upper, max(8, w // 8), EYE_NEIGHBOURS):
        centre = (ex + ew / 2, ey + eh / 2)
        right = centre[0] > w / 2
        halves[right] = max(halves.get(right, (-math.inf, centre)), (weight, centre))
    if len(halves) < 2:
        return None
    (left_x, left_y), (right_x, right_y) = halves[False][1], halves[True][1]
    tilt = math.degrees(math.atan2(right_y - left_y, right_x - left_x))
    apart = math.hypot(right_x - left_x, right_y - left_y) / w
    if abs(tilt) > MAX_TILT or not APART[0] <= apart <= APART[1]:
        return None
    return (x + left_x, y + left_y), (x + right_x, y + right_y)
