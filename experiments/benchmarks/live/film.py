"""A video as of a webcam: one face that moves before a wall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray

from fer.config import CONF, plain, resolve
from fer.data.synthetic import draw_face
from fer.detection import Detector

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT, RATE = 640, 480, 30
SIDE = 240
"""Of the square that shows the face, in pixels."""

STEP = 4
"""Pixels that the face moves from one frame to the next."""

FACE = 15
"""Frames that show the same face."""


def drawn_faces() -> list[Pixels]:
    """Synthetic faces, gray `[H, W]`."""
    return [draw_face(person, expression, SIDE).image for person, expression in ((1, 3), (2, 6))]


def fer2013_faces(path: Path, cache: Path, count: int = 12) -> list[Pixels]:
    """Real faces, gray `[48, 48]`, of the training part.

    Args:
        path: FER2013's zip, folder or table.
        cache: A folder for its decoded pixels.
        count: Faces, evenly taken.
    """
    from fer.data.data_sets import build_data  # brings torch and Lightning along

    overrides = ["data=fer2013", f"data.path={path}", f"paths.cache={cache}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=overrides)
    data = build_data(plain(resolve(config)))
    data.open(progress=False)
    chosen = np.linspace(0, 20_000, count).astype(int)
    return [np.asarray(data.faces.images[index]) for index in chosen]


def found_by_all(faces: Sequence[Pixels], detectors: Sequence[Detector]) -> list[Pixels]:
    """Those faces in whose picture every detector finds one face: all pipelines do the same work.

    Raises:
        SystemExit: There are none.
    """
    kept = [
        face
        for face in faces
        if all(len(detector.detect(frame([face], 0))) == 1 for detector in detectors)
    ]
    if not kept:
        raise SystemExit(f"not one of {len(faces)} faces is found by all: choose other --data")
    return kept


def frame(faces: Sequence[Pixels], number: int) -> Pixels:
    """A picture of the video, uint8 `[480, 640, 3]`, gray."""
    wall = np.broadcast_to(np.linspace(70, 130, WIDTH), (HEIGHT, WIDTH)).astype(np.uint8)
    face = cv2.resize(faces[number // FACE % len(faces)], (SIDE, SIDE))
    swing = WIDTH - SIDE - 40
    across = number * STEP % (2 * swing)
    x = 20 + min(across, 2 * swing - across)
    y = (HEIGHT - SIDE) // 2
    wall[y : y + SIDE, x : x + SIDE] = face
    return np.asarray(cv2.cvtColor(wall, cv2.COLOR_GRAY2BGR), np.uint8)


def write_film(path: Path, faces: Sequence[Pixels], frames: int) -> None:
    """Writes the video as MP4."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (WIDTH, HEIGHT))
    for number in range(frames):
        writer.write(frame(faces, number))
    writer.release()
