"""How the pictures of a data set become faces of one size, by its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer.data.face_crops import FaceCrops
from fer.data.readers.preparing import Preparer, WholePicture


def preparer(data: Mapping[str, Any]) -> Preparer:
    """What `conf/data`'s settings ask for.

    Args:
        data: The settings of a data set of pictures.

    Raises:
        ConfigError: OpenCV or YuNet's model file is missing.
    """
    faces, colour = data["faces"], data["channels"] == 3
    if faces["detector"] == "none" and faces["levels"] == "none":
        return WholePicture(faces["size"][0], faces["size"][1], colour)
    return FaceCrops({**faces, "colour": colour})
