"""Where YuNet's model file is; apart from OpenCV, so that settings can be checked without it."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from fer.errors import ConfigError

VARIABLE = "FER_YUNET"
NAME = "face_detection_yunet_2026may.onnx"
SHA256 = "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0"
BYTES = 229_738
ZOO = "https://github.com/opencv/opencv_zoo"
ADDRESS = f"{ZOO}/tree/main/models/face_detection_yunet"
URL = f"{ZOO}/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/models/face_detection_yunet/{NAME}"
HOW_TO_GET_IT = (
    f"fetch face_detection_yunet_*.onnx from {ADDRESS} and name it with the setting detector_model "
    f"or the environment variable {VARIABLE}; or take the detector haar, which needs no file"
)
TIMEOUT = 20.0
"""Seconds without an answer."""


def find_model(path: str | Path | None = None) -> Path:
    """YuNet's model file: the path given, or the one that FER_YUNET names, or OpenCV's, fetched.

    It is fetched once, from OpenCV's model zoo, into the user's cache folder.

    Raises:
        ConfigError: No file is there, or it cannot be fetched.
    """
    named = path or os.environ.get(VARIABLE)
    if named:
        model = Path(named).expanduser()
        if not model.is_file():
            raise ConfigError(f"YuNet's model file {model} is not there: {HOW_TO_GET_IT}")
        return model
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    model = Path(cache).expanduser() / "fer" / NAME
    try:
        if not (model.is_file() and _digest(model.read_bytes()) == SHA256):
            _fetch(model)
    except OSError as error:
        raise ConfigError(f"{model} cannot be used ({error.strerror}): {HOW_TO_GET_IT}") from None
    return model


def _fetch(model: Path) -> None:
    """Downloads, checks, and only then keeps.

    Raises:
        ConfigError: Nothing came, or something else.
        OSError: The file cannot be written.
    """
    print(f"fetching YuNet's model file, once: {URL}", file=sys.stderr)
    content = _download()
    if _digest(content) != SHA256:
        raise ConfigError(
            f"what came from {URL} is not YuNet's model file and is not kept ({len(content):,} "
            f"bytes of {BYTES:,}, SHA-256 {_digest(content)[:12]} instead of {SHA256[:12]}): try "
            f"again, or {HOW_TO_GET_IT}"
        )
    model.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=model.parent, prefix=f".{NAME}.", delete=False) as aside:
        aside.write(content)
    Path(aside.name).replace(model)


def _download() -> bytes:
    """What the address gives, one byte more than wanted at most."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(URL, timeout=TIMEOUT) as answer:
            return bytes(answer.read(BYTES + 1))
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ConfigError(
            f"YuNet's model file could not be fetched from {URL} ({reason}): {HOW_TO_GET_IT}"
        ) from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
