"""YuNet, a small convolutional detector with landmarks (Wu, Peng and Yu, 2023)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.detection import Detection, Point
from fer.detection.cropping import eye_matrix, warp
from fer.detection.yunet_model import find_model
from fer.detection.yunet_networks import open_network

MIN_SCORE = 0.6
"""Ours; OpenCV's own default, 0.9, loses faces of low resolution."""

LONGEST = 640
"""Larger pictures are searched at this length of the longer side: YuNet is made for faces of
about 10 to 300 pixels."""


LOOKS, LOOK = 2, 320
"""How often eyes are looked for again, and the side in pixels of the turned square that shows the
face then. Ours: of FER2013's faces of 100 and 180 pixels, turned by 20 degrees, YuNet's first eyes
followed 2 and 12 degrees, the second 16 and 18, the third 18 and 19."""

EYE_HEIGHT, EYE_DISTANCE = 0.4, 0.3
"""Places of the eyes in that square, as shares of its side."""


class YuNetDetector:
    """Faces with the centres of both eyes; see `Detector`.

    Args:
        model: The ONNX file; None: see `find_model`.
        min_size: Faces whose box has a shorter side, in pixels, are left out.
        min_score: Faces with a lower score (YuNet's own, 0 to 1) are left out.
        eyes: Look again for the eyes of each face, enlarged and turned upright: the network takes
            small and turned faces for more level than they are.

    Raises:
        ConfigError: The file is not there, and cannot be fetched.
        DataError: The file is not a YuNet.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        min_size: int = 24,
        min_score: float = MIN_SCORE,
        eyes: bool = False,
    ) -> None:
        self.min_size, self.eyes = min_size, eyes
        self._network = open_network(find_model(model), min_score)

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """All faces, the surest first; see `Detector`."""
        code = cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR
        bgr = np.asarray(cv2.cvtColor(np.ascontiguousarray(image), code), dtype=np.uint8)
        height, width = bgr.shape[:2]
        shrink = min(1.0, LONGEST / max(height, width))
        small = bgr
        if shrink < 1:
            size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            small = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
        found = [_detection(row, shrink) for row in self._network(small)]
        found = [face for face in found if min(face.w, face.h) >= self.min_size]
        if self.eyes:
            found = [replace(face, eyes=self._look_again(bgr, face.eyes)) for face in found]
        return sorted(found, key=lambda face: (-face.score, face.box))

    def _look_again(
        self, bgr: NDArray[np.uint8], eyes: tuple[Point, Point] | None
    ) -> tuple[Point, Point] | None:
        """The eyes, looked for in a square that shows the face large and upright."""
        for _ in range(LOOKS):
            if eyes is None or eyes[0] == eyes[1]:
                return None
            matrix = eye_matrix(eyes, (LOOK, LOOK), EYE_HEIGHT, EYE_DISTANCE)
            rows = self._network(warp(bgr, matrix, (LOOK, LOOK)))
            if not len(rows):
                return eyes
            places = np.array(_detection(rows[0], 1.0).eyes)
            strayed = places.mean(axis=0) - (LOOK / 2, LOOK * EYE_HEIGHT)
            if np.hypot(*strayed) > LOOK * EYE_DISTANCE:  # another face
                return eyes
            left, right = np.linalg.solve(matrix[:, :2], (places - matrix[:, 2]).T).T.tolist()
            eyes = ((left[0], left[1]), (right[0], right[1]))
        return eyes


def _detection(row: NDArray[np.float32], shrink: float) -> Detection:
    """Of a row x, y, w, h, then x, y of the person's right and left eye, ..., and the score."""
    x, y, w, h, right_x, right_y, left_x, left_y = (row[:8] / shrink).tolist()
    score = min(1.0, max(0.0, float(row[14])))
    return Detection(x, y, w, h, score, ((right_x, right_y), (left_x, left_y)))
