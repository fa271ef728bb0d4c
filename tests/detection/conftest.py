from __future__ import annotations

import os
from pathlib import Path

import cv2
import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def yunet_file() -> Path:
    """YuNet's model file, where somebody has put it."""
    beside = Path(__file__).parents[2].parent / "shared" / "models"
    known = sorted(beside.glob("face_detection_yunet_*.onnx"))
    path = Path(os.environ.get("FER_YUNET") or (known[0] if known else "nowhere"))
    if not path.is_file():
        pytest.skip("YuNet's model file is not here: set FER_YUNET to it")
    return path
