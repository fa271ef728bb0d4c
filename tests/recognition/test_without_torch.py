"""Recognition in an environment that has a short list of packages and no torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import cv2
import pytest

from tests.detection.scenes import scene
from tests.recognition.models import brightness_model
from tests.test_packaging import ROOT, SOURCES

PACKAGES = (
    *("numpy", "pillow", "opencv-python-headless>=4.10,<5", "onnxruntime>=1.20"),
    *("hydra-core>=1.3.2,<1.4", "rich>=13.7"),
)
"""What the README names beside `pip install --no-deps`; the last two are for the command."""


@pytest.mark.slow
def test_a_short_list_of_packages_is_enough(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        checkout.mkdir(exist_ok=True)
        copy(ROOT / name, checkout / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path]
    subprocess.run(build, cwd=checkout, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"

    def run(*arguments: object) -> str:
        done = subprocess.run(
            [python, *map(str, arguments)], cwd=tmp_path, env={}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("-m", "pip", "install", "-q", *PACKAGES)
    run("-m", "pip", "install", "-q", "--no-deps", wheel)
    brightness_model(tmp_path / "model.onnx")
    cv2.imwrite(str(tmp_path / "two.png"), scene((10, 20, 90), (150, 60, 150))[0])
    assert "torch" not in run("-m", "pip", "list").lower()
    told = run("-m", "fer.predict", "source=two.png", "run=model.onnx", "faces=faces.csv")
    assert "2 faces in 1 picture" in told
    code = "import cv2, fer; print(len(fer.load('model.onnx')(cv2.imread('two.png'))))"
    assert run("-c", code).strip() == "2"
