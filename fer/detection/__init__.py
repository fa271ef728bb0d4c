"""Faces in pictures: detectors and the geometry of crops, with NumPy and OpenCV only.

Data sets and live recognition call the same functions. Nothing here imports torch.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fer.errors import ConfigError

DETECTORS = ("haar", "yunet")
HOW_TO_GET_OPENCV = (
    "pip install 'opencv-python-headless>=4.10,<5', or pip install -e '.[detect]' in a checkout"
)

Point = tuple[float, float]
"""x to the right and y down, in pixels; the first pixel covers 0 to 1."""

Box = tuple[float, float, float, float]
"""x and y of the top left corner, width and height, in pixels."""


@dataclass(frozen=True)
class Detection:
    """A face that a detector found.

    Attributes:
        x: Left edge, in pixels of the picture; a box may reach beyond the picture.
        y: Top edge.
        w: Width.
        h: Height.
        score: How sure the detector is, 0 to 1; the scales of two detectors differ.
        eyes: Centres of both eyes, first the one on the left of the picture where the face is
            upright; None where they were not found or not looked for.
    """

    x: float
    y: float
    w: float
    h: float
    score: float
    eyes: tuple[Point, Point] | None = None

    @property
    def box(self) -> Box:
        """The four numbers of the box."""
        return self.x, self.y, self.w, self.h


class Detector(Protocol):
    """Finds the faces of a picture."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """All faces, the surest first, in the same order every time.

        Args:
            image: uint8 `[H, W, 3]` (RGB) or `[H, W]` (gray).
        """
        ...


def detector(
    name: str,
    model_path: str | Path | None = None,
    *,
    min_size: int = 24,
    min_score: float | None = None,
    neighbours: int = 5,
    eyes: bool = False,
) -> Detector:
    """The detector of that name.

    Args:
        name: One of `DETECTORS`.
        model_path: YuNet's ONNX file; None takes the one that the environment variable FER_YUNET
            names, else fetches it once. Haar needs none: its cascades come with OpenCV.
        min_size: Faces whose box has a shorter side, in pixels, are left out.
        min_score: Faces with a lower score are left out; None is the detector's own choice.
        neighbours: Haar only: overlapping hits that make a face.
        eyes: Look for the eyes well enough to align faces by them, which takes time. Without it
            Haar gives none, YuNet those of its first look.

    Raises:
        ConfigError: No such detector, OpenCV is not installed or lacks it, or there is no model
            file and none can be fetched.
        DataError: The model file is not a YuNet.
    """
    cv2 = opencv()
    if name == "haar":
        if not hasattr(cv2, "CascadeClassifier"):
            raise ConfigError(
                f"OpenCV {cv2.__version__} has no Haar cascades any more: {HOW_TO_GET_OPENCV}"
            )
        from fer.detection.haar import HaarDetector

        return HaarDetector(min_size, min_score or 0.0, neighbours, eyes)
    if name == "yunet":
        from fer.detection.yunet import MIN_SCORE, YuNetDetector

        least = MIN_SCORE if min_score is None else min_score
        return YuNetDetector(model_path, min_size, least, eyes)
    raise ConfigError(f"there is no face detector {name}: choose {', '.join(DETECTORS)}")


def opencv() -> ModuleType:
    """The module cv2.

    Raises:
        ConfigError: It is not installed; the message says how to get it.
    """
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise ConfigError(
            f"finding and cropping faces needs OpenCV ({error}): {HOW_TO_GET_OPENCV}"
        ) from None
