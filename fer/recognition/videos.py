"""Videos, streams and cameras, frame by frame, by OpenCV."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what matters is raised

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.errors import DataError

VIDEOS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")
PATIENCE = 10_000
"""Milliseconds that a stream may take to begin, and to go on."""

CUT = 0.95
"""A file that gives a smaller share of the frames that its head promises is cut off. Ours: some
containers only estimate their number."""

Step = tuple[int, float, NDArray[np.uint8]]
"""Number of the frame, seconds since the beginning, uint8 `[H, W, 3]` (RGB)."""


def is_video(name: str) -> bool:
    """Whether a file's name ends as a video's does."""
    return Path(name).suffix.lower() in VIDEOS


class Video:
    """One video; nothing of it is kept.

    Args:
        name: A file's path, a stream's address, or a camera's number.
        every: Look at every n-th frame.

    Attributes:
        live: Whether it is a camera or a stream.
        total: Frames that will be looked at, as the file's head says; None where it does not.
        rate: Frames per second that will be looked at; 25 where nobody says.

    Raises:
        DataError: It cannot be opened. This message and those of `frames` go on after a name.
    """

    def __init__(self, name: str | int, every: int = 1) -> None:
        self.every = every
        self.live = isinstance(name, int) or "://" in name
        with quiet():
            self._capture = _opened(name)
        promised = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._promised = 0 if self.live or not 0 < promised < 1e9 else int(promised)
        self.total = -(-self._promised // every) if self._promised else None
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if 0 < rate < 1000 else 25.0
        self.rate = self._rate / every

    def frames(self) -> Iterator[Step]:
        """Yields the frames, each once.

        Raises:
            DataError: There are none, the file is cut off, or the camera was unplugged; all that
                could be read has been yielded then.
        """
        number, began, before = 0, time.monotonic(), -1.0
        try:
            while True:
                with quiet():
                    there = self._capture.grab()
                if not there:
                    break
                if number % self.every == 0:
                    with quiet():
                        there, bgr = self._capture.retrieve()
                    if there:
                        seconds = self._seconds(number, began, before)
                        before = seconds
                        yield number, seconds, np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
                number += 1
        finally:
            self._capture.release()
        if number == 0:
            raise DataError("holds no frames that can be read")
        if self.live:
            raise DataError(f"gave no more pictures after {number:,} frames")
        if number < CUT * self._promised:
            raise DataError(
                f"is cut off or damaged: {number:,} of {self._promised:,} frames could be read"
            )

    def _seconds(self, number: int, began: float, before: float) -> float:
        """The frame's time stamp, or where the file has none, its place; never falls."""
        if self.live:
            return time.monotonic() - began
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        return stamp if stamp > before else max(before, number / self._rate)


def _opened(name: str | int) -> cv2.VideoCapture:
    if isinstance(name, int):
        camera = cv2.VideoCapture(name)
        if not camera.isOpened():
            raise DataError("is not there, or another program has it; the first camera is 0")
        return camera
    waits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, PATIENCE, cv2.CAP_PROP_READ_TIMEOUT_MSEC, PATIENCE]
    video = cv2.VideoCapture(name, cv2.CAP_FFMPEG, waits if "://" in name else [])
    if not video.isOpened():
        if "://" in name:
            raise DataError("gives no video: is the address right, and the stream running?")
        size = Path(name).stat().st_size
        raise DataError(
            f"is no video that can be opened ({size:,} bytes): it is damaged or cut off"
        )
    return video


@contextmanager
def quiet() -> Iterator[None]:
    """OpenCV says nothing of its own on the terminal."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)
