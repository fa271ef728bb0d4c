from __future__ import annotations

import cv2
import pytest

from tests.data.conftest import real_zip
from tests.detection.conftest import yunet_file

__all__ = ["real_zip", "yunet_file"]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    cv2.setNumThreads(1)
