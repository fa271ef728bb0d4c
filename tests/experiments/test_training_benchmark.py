"""The training benchmark, on few images."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.commands import environment

SCRIPT = Path(__file__).parents[2] / "experiments" / "benchmarks" / "training.py"
FEW = ("--images", "140", "--set", "logger.mode=disabled", "--set", "model.backbone=test_resnet")


@pytest.mark.slow
def test_pixels_are_not_held_in_memory(tmp_path: Path) -> None:
    """6,000 pictures are 215 MiB, which a training that held them would need besides all else."""
    subprocess.run(
        [sys.executable, str(SCRIPT), "memory", *FEW, "--big", "6000", "--json", "found.json"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
    )
    few, many = json.loads((tmp_path / "found.json").read_text())["rows"]
    assert "6,000 images of 112 x 112 x 3" in many["what"]
    assert few["value"] > 50 and many["value"] < few["value"] + 215
