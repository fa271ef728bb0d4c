"""Pictures in, faces with their expressions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, overload

import numpy as np
from numpy.typing import NDArray

from fer.detection import Box, Detection, Detector
from fer.errors import DataError
from fer.recognition.engines import Engine

if TYPE_CHECKING:
    from fer.recognition.cutting import FaceCutter

Image = NDArray[np.uint8]
"""uint8 `[H, W, 3]`, RGB."""


@dataclass(frozen=True)
class Face:
    """A face of a picture.

    Attributes:
        box: x and y of the top left corner, width and height, in pixels; may reach beyond the
            picture.
        score: How sure the detector is that this is a face, 0 to 1.
        label: The likeliest class.
        probabilities: Of every class, in the model's order; they add up to 1.
        sure: Whether the likeliest class reaches the model's threshold; None where it has none.
    """

    box: Box
    score: float
    label: str
    probabilities: dict[str, float]
    sure: bool | None

    @property
    def confidence(self) -> float:
        """The probability of `label`."""
        return self.probabilities[self.label]


class Recognizer:
    """Finds faces and tells their expressions; `fer.load` makes one.

    Args:
        engine: Runs the network.
        detector: Finds the faces; None takes each picture as one face.
        cutter: Makes of a found face what the network takes.
    """

    def __init__(self, engine: Engine, detector: Detector | None, cutter: FaceCutter) -> None:
        self.engine, self.detector, self.cutter = engine, detector, cutter

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the probabilities."""
        return self.engine.info.classes

    @overload
    def __call__(self, images: Image) -> list[Face]: ...

    @overload
    def __call__(self, images: Sequence[Image]) -> list[list[Face]]: ...

    def __call__(self, images: Image | Sequence[Image]) -> list[Face] | list[list[Face]]:
        """The faces of one picture, or of each of several; all go through the network at once.

        Args:
            images: uint8 `[H, W, 3]`, RGB, or a list of such.

        Returns:
            The faces, the detector's surest first; for a list, such a list for each picture. A
            picture without a face has an empty one.

        Raises:
            DataError: Something is no such picture.
        """
        if isinstance(images, (list, tuple)) or getattr(images, "ndim", 0) == 4:
            return self._recognise(list(images))
        return self._recognise([cast(Image, images)])[0]

    def _recognise(self, images: Sequence[Image]) -> list[list[Face]]:
        for image in images:
            _check(image)
        found = [self._detect(image) for image in images]
        crops = [
            self.cutter(image, face)
            for image, faces in zip(images, found, strict=True)
            for face in faces
        ]
        rows = iter(self.engine(np.stack(crops))[0] if crops else ())
        return [[self._face(face, next(rows)) for face in faces] for faces in found]

    def _detect(self, image: Image) -> list[Detection]:
        if self.detector is None:
            return [Detection(0, 0, image.shape[1], image.shape[0], score=1.0)]
        return self.detector.detect(image)

    def _face(self, found: Detection, probabilities: NDArray[np.float32]) -> Face:
        shares = dict(zip(self.classes, probabilities.tolist(), strict=True))
        label = max(shares, key=lambda name: shares[name])
        threshold = self.engine.info.threshold
        sure = None if threshold is None else shares[label] >= threshold
        return Face(found.box, found.score, label, shares, sure)


def _check(image: Image) -> None:
    fits = (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 3
        and image.size > 0
    )
    if not fits:
        what = (
            f"{image.dtype} {image.shape}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise DataError(f"a picture is an array of uint8 [H, W, 3], RGB; this is {what}")
