"""Pictures -> faces of one size: detected, chosen, cut out, normalised, and listed for a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer.data.face_report import write_report
from fer.detection import Detection, Detector, detector, opencv
from fer.detection.yunet_model import find_model
from fer.errors import DataError

if TYPE_CHECKING:
    from fer.detection.cropping import Cropper

VERSION = 1
"""To be raised with every change that changes crops: caches made before are then made anew."""


class FaceCrops:
    """Makes a face of fixed size out of each picture, and leaves out those without one.

    Args:
        settings: `data.faces` of `conf/data/base_pictures.yaml`, and `colour`.

    Attributes:
        key: Text that changes whenever the settings, or YuNet's model file, do.

    Raises:
        ConfigError: OpenCV or YuNet's model file is missing.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        opencv()
        self._settings = dict(settings)
        self._told: list[Any] = []
        deciding = {key: value for key, value in settings.items() if key != "detector_model"}
        if settings["detector"] == "yunet":
            deciding["model"] = _model_hash(settings["detector_model"])
        self.key = f"faces v{VERSION} {json.dumps(deciding, sort_keys=True)}"

    @cached_property
    def _detector(self) -> Detector | None:
        """Made when the first picture comes: a cache that is there needs none."""
        chosen = self._settings
        if chosen["detector"] == "none":
            return None
        return detector(
            chosen["detector"],
            chosen["detector_model"],
            min_size=chosen["min_size"],
            min_score=chosen["min_score"],
            neighbours=chosen["neighbours"],
            eyes=chosen["align"],
        )

    @cached_property
    def _cropper(self) -> Cropper:
        from fer.detection.cropping import Cropper

        chosen = self._settings
        found = chosen["detector"] != "none"
        return Cropper(
            size=(chosen["size"][0], chosen["size"][1]),
            grow_pixels=chosen["grow_pixels"] if found else 0,
            grow_share=chosen["grow_share"] if found else 0,
            align=chosen["align"],
            eye_height=chosen["eye_height"],
            eye_distance=chosen["eye_distance"],
            colour=chosen["colour"],
            levels=chosen["levels"],
        )

    def __call__(self, name: str, image: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Makes a face of a picture.

        Args:
            name: Of the picture, for what is told.
            image: uint8 `[H, W, 3]`, RGB.

        Returns:
            uint8 `[h, w, 3]`, or `[h, w]` where `colour` is false; None where no face was found.
        """
        from fer.detection.cropping import choose

        if self._detector is None:
            height, width = image.shape[:2]
            return self._cropper(image, Detection(0, 0, width, height, score=1))
        faces = self._detector.detect(image)
        if not faces:
            self._told.append([name, [], 0, False])
            return None
        chosen = choose(faces, self._settings["choose"], image.shape)
        crop = self._cropper(image, chosen)
        found = [[*map(float, face.box), float(face.score)] for face in faces]
        aligned = bool(self._cropper.aligns(chosen))
        self._told.append([name, found, faces.index(chosen), aligned])
        return crop

    def told(self) -> list[Any]:
        """Of each picture since this was last asked what `write_report` lists."""
        told, self._told = self._told, []
        return told

    def notes(
        self, folder: Path, told: Iterable[Any], faces: Iterable[NDArray[np.uint8]]
    ) -> tuple[str, ...]:
        """Called once after the last picture: writes the lists and the contact sheet.

        Args:
            folder: The cache folder that is being made.
            told: Of all pictures, in order.
            faces: All crops, uint8 `[h, w]` or `[h, w, 3]`, in order.

        Returns:
            Lines worth telling: how many were found, and where to look.
        """
        if self._settings["detector"] == "none":
            return ()
        return write_report(folder, told, faces, self._settings["align"])


def _model_hash(path: str | None) -> str:
    """SHA-256 of YuNet's model file, wherever it lies."""
    model = find_model(path)
    try:
        return hashlib.sha256(model.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"YuNet's model file {model} cannot be read ({error})") from None
