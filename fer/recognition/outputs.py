"""What recognition writes: a line per face, and pictures or a video with boxes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.errors import DataError
from fer.recognition.drawing import draw_faces
from fer.recognition.recognizer import Face
from fer.recognition.sources import Frame

COLUMNS = (
    *("source", "frame", "seconds", "face", "x", "y", "w", "h"),
    *("score", "label", "confidence", "sure"),
)


def row_of(frame: Frame, number: int, face: Face) -> dict[str, Any]:
    """A face as one flat row, without its probabilities.

    Args:
        frame: Where it was found.
        number: Of the face in its frame, from 0.
        face: The face.
    """
    box = [round(side, 1) for side in face.box]
    seconds = None if frame.seconds is None else round(frame.seconds, 3)
    score, confidence = round(face.score, 4), round(face.confidence, 4)
    values = (frame.source, frame.number, seconds, number, *box, score)
    return dict(zip(COLUMNS, (*values, face.label, confidence, face.sure), strict=True))


class FaceLines:
    """A file with a line per face, CSV or JSON; every line is whole, whenever the writing ends.

    Args:
        path: Ends in `.csv`, or in `.json` or `.jsonl`: a JSON object a line.
        classes: Names of the classes; CSV has a column for each one's probability.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", newline="", encoding="utf-8")
        self._classes = tuple(classes)
        self._table = csv.writer(self._file) if path.suffix.lower() == ".csv" else None
        if self._table is not None:
            self._table.writerow([*COLUMNS, *classes])

    def write(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Writes the faces of a frame; they are on the disk's side when this returns."""
        for number, face in enumerate(faces):
            row = row_of(frame, number, face)
            shares = [round(face.probabilities[name], 6) for name in self._classes]
            if self._table is not None:
                cells = {None: "", True: "true", False: "false"}
                row["sure"] = cells[row["sure"]]
                self._table.writerow([*row.values(), *shares])
            else:
                row["probabilities"] = dict(zip(self._classes, shares, strict=True))
                self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Annotated:
    """A folder with what was looked at, boxes and labels drawn in.

    Pictures become `<name>-faces.png`; each video becomes one `<name>-faces.mp4`.

    Args:
        folder: Made where needed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._taken: set[str] = set()
        self._source = ""
        self._video: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def write(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Draws and writes a frame.

        Raises:
            DataError: OpenCV cannot write the file.
        """
        bgr = np.asarray(cv2.cvtColor(draw_faces(frame.image, faces), cv2.COLOR_RGB2BGR), np.uint8)
        if frame.number is not None:
            self._write_video(frame, bgr)
            return
        path = self._free(frame.source, ".png")
        if not cv2.imwrite(str(path), bgr):
            raise DataError(f"{path} cannot be written")

    def close(self) -> None:
        """Ends the video, which can be played only then."""
        if self._video is not None:
            self._video.release()
            self._video = None

    def _write_video(self, frame: Frame, bgr: NDArray[np.uint8]) -> None:
        size = (bgr.shape[1], bgr.shape[0])
        if frame.source != self._source or self._video is None:
            self.close()
            path = self._free(frame.source, ".mp4")
            code = cv2.VideoWriter.fourcc(*"mp4v")
            self._video = cv2.VideoWriter(str(path), code, frame.rate, size)
            self._source, self._size = frame.source, size
            if not self._video.isOpened():
                raise DataError(f"{path} cannot be written: OpenCV has no encoder for MPEG-4")
        if size != self._size:  # a stream may change its size on the way
            bgr = np.asarray(cv2.resize(bgr, self._size), dtype=np.uint8)
        self._video.write(bgr)

    def _free(self, source: str, suffix: str) -> Path:
        """A name that no other source of this call has."""
        stem = Path(source.split("://")[-1].replace(" ", "")).stem or "stream"
        name, number = f"{stem}-faces{suffix}", 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}-faces{suffix}"
        self._taken.add(name)
        return self.folder / name
