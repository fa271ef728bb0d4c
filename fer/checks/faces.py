"""What settings of faces in pictures may be."""

from __future__ import annotations

import os
from pathlib import Path

from omegaconf import OmegaConf

from fer.checks.checker import Checker


def check_faces(check: Checker) -> None:
    """Detector, choice, crop and gray levels."""
    check.choice("data.faces.detector", ("none", "haar", "yunet"))
    check.text("data.faces.detector_model", null=True)
    check.number("data.faces.min_size", low=1, whole=True)
    check.number("data.faces.min_score", low=0, high=1, null=True)
    check.number("data.faces.neighbours", low=1, whole=True)
    check.choice("data.faces.choose", ("largest", "central"))
    check.number("data.faces.grow_pixels", low=0, high=10_000)
    check.number("data.faces.grow_share", low=0, high=10)
    check.flag("data.faces.align")
    check.number("data.faces.eye_height", low=0.05, high=0.95)
    check.number("data.faces.eye_distance", low=0.05, high=0.95)
    check.flag("data.faces.colour")
    check.choice("data.faces.levels", ("none", "equalize", "clahe", "standardize"))
    size = check.value("data.faces.size")
    if (
        not OmegaConf.is_list(size)
        or len(size) != 2
        or not all(type(side) is int and 16 <= side <= 1024 for side in size)
    ):
        check.fail("data.faces.size", "it is [height, width], each from 16 to 1024 pixels")
    detector = check.value("data.faces.detector")
    if detector == "none" and check.value("data.faces.align"):
        check.fail("data.faces.align", "eyes need a detector: data.faces.detector=haar or yunet")
    if detector == "yunet":
        _check_model(check)


def _check_model(check: Checker) -> None:
    """YuNet's file, looked for before anything heavy is imported."""
    key = "data.faces.detector_model"
    told = (
        "it is YuNet's ONNX file, or null where the environment variable FER_YUNET names it; fetch "
        "face_detection_yunet_*.onnx from "
        "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet, or take "
        "data.faces.detector=haar"
    )
    named = check.value(key) or os.environ.get("FER_YUNET")
    if not named:
        check.fail(key, told)
    elif not Path(named).expanduser().is_file():
        check.fail(key, f"there is no file {named}; {told}")
