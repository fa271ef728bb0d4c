from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from fer.config import CONF, resolve
from tests.recognition.models import brightness_model


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return brightness_model(tmp_path_factory.mktemp("model") / "light.onnx", threshold=0.45)


def settings(**changes: Any) -> DictConfig:
    """`conf/serve.yaml` with other values."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose("serve", [f"{key}={value}" for key, value in changes.items()])
    return resolve(composed)
