from __future__ import annotations

import cv2
import pytest

from tests.detection.conftest import yunet_file

__all__ = ["yunet_file"]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    cv2.setNumThreads(1)
