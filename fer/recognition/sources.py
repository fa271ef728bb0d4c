"""Where pictures come from: files, folders, patterns, videos, cameras, streams, standard input."""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fer.data.readers.files import is_picture, scan
from fer.data.readers.pictures import (
    MAX_BYTES,
    BadPictureError,
    is_animated,
    open_picture,
    rgb_pixels,
)
from fer.errors import DataError
from fer.recognition.videos import VIDEOS, Video, is_video

STREAMS = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://", "udp://", "tcp://")


@dataclass(frozen=True)
class Frame:
    """A picture, or a frame of a video.

    Attributes:
        source: The file, address or camera that it is from.
        number: Of the frame, from 0; None for a picture.
        seconds: Since the video's beginning; None for a picture.
        image: uint8 `[H, W, 3]`, RGB.
        rate: Frames per second that are looked at; 0 of a picture.
    """

    source: str
    number: int | None
    seconds: float | None
    image: NDArray[np.uint8]
    rate: float = 0.0


class Source(Protocol):
    """Gives frames, one at a time.

    Attributes:
        moving: Whether it is one video, camera or stream.
        live: Whether it goes on by itself, so that frames must not wait for each other.
        rate: Frames per second that are looked at; 0 where that is not one number.
        total: How many frames there will be, at most; None where nobody knows.
        problems: What could not be used, filled on the way.
        notes: What is worth telling, filled on the way.
    """

    moving: bool
    live: bool
    rate: float
    total: int | None
    problems: list[str]
    notes: list[str]

    def frames(self) -> Iterator[Frame]:
        """Yields every frame that can be used."""
        ...


class Files:
    """Pictures and videos, one after the other; see `Source`.

    Args:
        paths: The files; an iterator is read as it comes.
        every: Of a video, look at every n-th frame.
    """

    moving = live = False
    rate = 0.0

    def __init__(self, paths: Iterable[Path], every: int = 1) -> None:
        self.paths, self.every = paths, every
        still = isinstance(paths, list) and not any(is_video(path.name) for path in paths)
        self.total = len(paths) if still and isinstance(paths, list) else None
        self.problems: list[str] = []
        self.notes: list[str] = []

    def frames(self) -> Iterator[Frame]:
        """Yields the frames; what cannot be used joins `problems`."""
        for path in self.paths:
            try:
                if is_video(path.name):
                    video = Video(str(path), self.every)
                    for number, seconds, image in video.frames():
                        yield Frame(str(path), number, seconds, image, video.rate)
                else:
                    yield Frame(str(path), None, None, self._picture(path))
            except (BadPictureError, DataError) as error:
                self.problems.append(f"{path} {error}")

    def _picture(self, path: Path) -> NDArray[np.uint8]:
        """uint8 `[H, W, 3]`, RGB, upright; of an animation the first frame."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise BadPictureError(f"cannot be read ({error.strerror})") from None
        picture = open_picture(data)
        if is_animated(picture):
            self.notes.append(f"{path} is animated: its first frame was taken")
        return rgb_pixels(picture)


class Moving:
    """One video, stream or camera; see `Source`.

    Args:
        name: The file's path, the stream's address, or the camera's number.
        every: Look at every n-th frame.

    Raises:
        DataError: It cannot be opened.
    """

    moving = True

    def __init__(self, name: str | int, every: int = 1) -> None:
        self.name = f"camera {name}" if isinstance(name, int) else name
        try:
            self.video = Video(name, every)
        except DataError as error:
            raise DataError(f"{self.name} {error}") from None
        self.live, self.rate = self.video.live, self.video.rate
        self.total = self.video.total
        self.problems: list[str] = []
        self.notes: list[str] = []

    def frames(self) -> Iterator[Frame]:
        """Yields the frames; an end before its time joins `problems`."""
        try:
            for number, seconds, image in self.video.frames():
                yield Frame(self.name, number, seconds, image, self.rate)
        except DataError as error:
            self.problems.append(f"{self.name} {error}")


def open_source(name: str | int, every: int = 1) -> Source:
    """What `source=...` names.

    Args:
        name: A picture, a folder, a pattern, a video, the address of a stream, the number of a
            camera, or `-`: a path a line on standard input. The files of a folder or a pattern
            come by name, numbers in them by value.
        every: Of a video, look at every n-th frame.

    Raises:
        DataError: It is not there, or holds nothing that can be looked at.
    """
    text = str(name)
    if text.isdecimal() and not Path(text).exists():
        return Moving(int(text), every)
    if text.lower().startswith(STREAMS):
        return Moving(text, every)
    if text == "-":
        return Files((Path(line.rstrip("\r\n")) for line in sys.stdin if line.strip()), every)
    path = Path(text).expanduser()
    if path.is_dir():
        names = [file.name for file in scan(path, lambda own: is_picture(own) or is_video(own))]
        return _several([path / found for found in sorted(names, key=_natural)], text, every)
    if path.is_file():
        return Moving(str(path), every) if is_video(path.name) else Files([path], every)
    if glob.has_magic(text):
        beneath = Path(path.anchor)
        found = [each for each in beneath.glob(str(path.relative_to(beneath))) if each.is_file()]
        return _several(sorted(found, key=lambda each: _natural(str(each))), text, every)
    raise DataError(
        f"source={text} is not there: name a picture, a folder, a pattern, a video "
        f"({', '.join(VIDEOS)}), the address of a stream or the number of a camera"
    )


def _natural(name: str) -> tuple[list[str | int], str]:
    """What to sort names by so that `2.png` comes before `10.png`."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if k % 2 else part for k, part in enumerate(parts)], name


def _several(paths: list[Path], name: str, every: int) -> Files:
    if not paths:
        raise DataError(f"source={name} holds no pictures and no videos")
    return Files(paths, every)
