"""Pictures and recordings of what a window shows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.errors import DataError

RATE = 25.0
"""Frames per second of a recording, whatever the speed at which they come."""


class Recorder:
    """Writes pictures as PNG and recordings as MP4, named after the time.

    Args:
        folder: Made when something is written.

    Attributes:
        files: All that was written.
        recording: Whether a recording is under way.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[Path] = []
        self._video: cv2.VideoWriter | None = None
        self._size, self._began, self._count = (0, 0), 0.0, 0

    @property
    def recording(self) -> bool:
        """Whether a recording is under way."""
        return self._video is not None

    def picture(self, image: NDArray[np.uint8]) -> Path:
        """Saves a picture.

        Args:
            image: uint8 `[H, W, 3]`, RGB.

        Raises:
            DataError: It cannot be written.
        """
        path = self._free(".png")
        if not cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR)):
            raise DataError(f"{path} cannot be written")
        return path

    def start(self, image: NDArray[np.uint8], seconds: float) -> Path:
        """Begins a recording of pictures of this size, at this moment.

        Raises:
            DataError: It cannot be written.
        """
        self._size, self._began, self._count = (image.shape[1], image.shape[0]), seconds, 0
        path = self._free(".mp4")
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._video = cv2.VideoWriter(str(path), code, RATE, self._size)
        if not self._video.isOpened():
            self._video = None
            raise DataError(f"{path} cannot be written: has OpenCV an encoder for MPEG-4 here?")
        return path

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        """Adds a picture to the recording, if one is under way, as often as its time needs."""
        if self._video is None:
            return
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        if (image.shape[1], image.shape[0]) != self._size:  # a stream may change its size
            bgr = cv2.resize(bgr, self._size)
        until = round((seconds - self._began) * RATE) + 1
        for _ in range(self._count, until):
            self._video.write(bgr)
        self._count = max(self._count, until)

    def go_on(self, seconds: float) -> None:
        """After a pause: the picture of this moment follows at once on the last one."""
        self._began = seconds - self._count / RATE

    def stop(self) -> None:
        """Ends the recording, which can be played only then."""
        if self._video is not None:
            self._video.release()
            self._video = None

    def _free(self, suffix: str) -> Path:
        """A name that is not taken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = f"fer-{datetime.now():%Y%m%d-%H%M%S}"
        path, number = self.folder / f"{stem}{suffix}", 1
        while path in self.files or path.exists():
            number += 1
            path = self.folder / f"{stem}-{number}{suffix}"
        self.files.append(path)
        return path
