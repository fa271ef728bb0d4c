"""What settings of `fer.predict` may be."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from fer.checks.checker import Checker
from fer.errors import ConfigError

LINES = (".csv", ".json", ".jsonl")
DRAWN = (".jpg", ".jpeg", ".png", ".webp", ".mp4", ".avi", ".mov", ".mkv")
"""Of files that somebody may want in place of a folder."""


def check_prediction(cfg: DictConfig) -> None:
    """Refuses settings of `fer.predict` that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    source = check.value("source")
    if isinstance(source, bool) or not isinstance(source, (str, int)) or source == "":
        check.fail("source", "it is a path, an address, the number of a camera, or -")
    if isinstance(source, int):
        check.number("source", low=0, high=99, whole=True)
    check.text("run", null=True)
    check_detection(check)
    check.number("every", low=1, whole=True)
    check.number("frames", low=1, whole=True, null=True)
    check.number("rows", low=0, high=100_000, whole=True)
    check.number("threads", low=1, high=1024, whole=True, null=True)
    check.choice("progress", ("auto", "none"))
    for key in ("faces", "annotated", "timeline"):
        check.text(key, null=True)
    _ends("faces", LINES, check)
    _ends("timeline", (".png",), check)
    annotated = check.value("annotated")
    if annotated is not None and Path(annotated).expanduser().is_file():
        check.fail("annotated", "it is a folder, and a file of that name is there")
    if annotated is not None and Path(annotated).suffix.lower() in DRAWN:
        check.fail("annotated", "it is a folder, for a file that has the name of the source")


def check_detection(check: Checker) -> None:
    """How faces are found and cut, for every command that looks at pictures.

    Raises:
        ConfigError: A setting cannot work, or the detector's file is missing.
    """
    check.choice("detector", ("haar", "yunet", "none"))
    check.text("detector_model", null=True)
    check.number("margin", low=-0.4, high=10, null=True)
    check.choice("align", (None, True, False))
    check.number("min_size", low=1, whole=True)
    check.number("min_score", low=0, high=1, null=True)
    if check.value("detector") == "none" and check.value("align"):
        check.fail("align", "eyes need a detector: detector=haar or yunet")
    if check.value("detector") == "yunet":
        from fer.detection.yunet_model import find_model

        path = check.value("detector_model")
        try:
            find_model(path)
        except ConfigError as error:
            raise ConfigError(f"detector_model={path or 'null'}: {error}") from None


def _ends(key: str, suffixes: tuple[str, ...], check: Checker) -> None:
    value = check.value(key)
    if value is not None and Path(value).suffix.lower() not in suffixes:
        check.fail(key, f"its name ends in {', '.join(suffixes)}")
