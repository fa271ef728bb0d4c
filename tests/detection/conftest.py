from __future__ import annotations

import os
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray


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


@pytest.fixture(scope="session")
def real_faces() -> list[NDArray[np.uint8]]:
    """Twenty happy faces of FER2013, where somebody has put Kaggle's zip."""
    beside = Path(__file__).parents[2].parent / "shared" / "data" / "fer2013.zip"
    path = Path(os.environ.get("FER_TEST_FER2013", beside))
    if not path.is_file():
        pytest.skip("FER2013 itself is not here: set FER_TEST_FER2013 to Kaggle's zip")
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if "/happy/Training_" in name)[:20]
        packed = [np.frombuffer(archive.read(name), np.uint8) for name in names]
    return [np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8) for data in packed]
