"""What settings of faces in pictures may be."""

from __future__ import annotations

from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.errors import ConfigError


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
    from fer.detection.yunet_model import find_model

    path = check.value("data.faces.detector_model")
    try:
        find_model(path)
    except ConfigError as error:
        raise ConfigError(f"data.faces.detector_model={path or 'null'}: {error}") from None
