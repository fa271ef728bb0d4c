"""Where YuNet's model file is; apart from OpenCV, so that settings can be checked without it."""

from __future__ import annotations

import os
from pathlib import Path

from fer.errors import ConfigError

VARIABLE = "FER_YUNET"
ADDRESS = "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet"
HOW_TO_GET_IT = (
    f"fetch face_detection_yunet_*.onnx from {ADDRESS} and name it with the setting detector_model "
    f"or the environment variable {VARIABLE}; or take the detector haar, which needs no file"
)


def find_model(path: str | Path | None = None) -> Path:
    """YuNet's model file: the path given, or the one that FER_YUNET names.

    Raises:
        ConfigError: Neither is given, or no file is there.
    """
    named = path or os.environ.get(VARIABLE)
    if not named:
        raise ConfigError(f"YuNet needs its model file: {HOW_TO_GET_IT}")
    model = Path(named).expanduser()
    if not model.is_file():
        raise ConfigError(f"YuNet's model file {model} is not there: {HOW_TO_GET_IT}")
    return model
