"""What settings of `fer.realtime` may be."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from fer.checks.checker import Checker
from fer.checks.predict import check_detection


def check_realtime(cfg: DictConfig) -> None:
    """Refuses settings of `fer.realtime` that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    camera = check.value("camera")
    if isinstance(camera, int) and not isinstance(camera, bool):
        check.number("camera", low=0, high=99, whole=True)
    elif not (isinstance(camera, str) and camera and camera != "-"):
        check.fail("camera", "it is a camera's number, a video file, or a stream's address")
    check.text("run", null=True)
    check.choice("device", ("cpu", "gpu"))
    check_detection(check)
    check.number("hold", low=0, high=3600)
    check.number("smoothing", low=0, high=3600)
    check.number("overlap", above=0, high=1)
    check.flag("mirror")
    check.number("frames", low=1, whole=True, null=True)
    check.number("threads", low=1, high=1024, whole=True, null=True)
    check.text("folder")
    if Path(check.value("folder")).expanduser().is_file():
        check.fail("folder", "it is a folder, and a file of that name is there")
