"""YuNet's network, run by onnxruntime where it can, else by OpenCV: the same answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.detection.yunet_model import HOW_TO_GET_IT
from fer.errors import DataError

OVERLAP = 0.3
"""Of two boxes with a larger intersection over union the surer stays; OpenCV's default."""

STRIDES = (8, 16, 32)
"""Pixels between the places at which the network looks for faces, on its three levels."""

OUTPUTS = tuple(f"{what}_{stride}" for stride in STRIDES for what in ("cls", "obj", "bbox", "kps"))

Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Takes a picture, uint8 `[H, W, 3]`, BGR. Gives a row per face, `[N, 15]`, the surest first: x, y,
w, h, five points (the person's right eye, left eye, nose, corners of the mouth), score."""


def open_network(model: Path, min_score: float) -> Network:
    """The network of a file, tried on an empty picture.

    Raises:
        DataError: It cannot be read, or is no YuNet.
    """
    try:
        content = model.read_bytes()
    except OSError as error:
        raise DataError(f"YuNet's model file {model} cannot be read ({error})") from None
    try:
        return OnnxNetwork(content, min_score)
    except Exception:  # not installed, a model for one size of picture, or no YuNet
        pass
    try:
        return OpenCVNetwork(content, min_score)
    except cv2.error:
        raise DataError(
            f"{model} ({len(content):,} bytes) is not a YuNet that OpenCV {cv2.__version__} can "
            f"use: {HOW_TO_GET_IT}"
        ) from None


class OpenCVNetwork:
    """By OpenCV's `FaceDetectorYN`; see `Network`.

    Raises:
        cv2.error: The content is no YuNet.
    """

    def __init__(self, content: bytes, min_score: float) -> None:
        before = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            data, nothing = np.frombuffer(content, np.uint8), np.empty(0, np.uint8)
            self._network = cv2.FaceDetectorYN.create(
                "onnx", data, nothing, (64, 64), min_score, OVERLAP
            )
            self(np.zeros((64, 64, 3), np.uint8))  # other networks open well and fail only here
        finally:
            cv2.utils.logging.setLogLevel(before)

    def __call__(self, bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Network`."""
        self._network.setInputSize((bgr.shape[1], bgr.shape[0]))
        _, rows = self._network.detect(bgr)
        return np.empty((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)


class OnnxNetwork:
    """By onnxruntime, several times as fast as OpenCV; see `Network`.

    Raises:
        Exception: onnxruntime is not installed, or cannot run the content on pictures of any size.
    """

    def __init__(self, content: bytes, min_score: float) -> None:
        import onnxruntime

        options: Any = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = cv2.getNumThreads()
        options.enable_mem_pattern = False  # one would be kept for each size of picture
        # threads that wait would take the cores from what else looks at the picture
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._min_score = min_score
        for side in (64, 96):
            self(np.zeros((side, side, 3), np.uint8))

    def __call__(self, bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Network`."""
        height, width = bgr.shape[:2]
        coarse = STRIDES[-1]
        rows, columns = -(-height // coarse) * coarse, -(-width // coarse) * coarse
        picture = np.zeros((1, 3, rows, columns), np.float32)
        picture[0, :, :height, :width] = bgr.transpose(2, 0, 1)
        told = self._session.run(OUTPUTS, {self._input: picture})
        levels = [told[k : k + 4] for k in range(0, len(told), 4)]
        faces = np.concatenate(
            [
                _faces(level, stride, columns // stride, self._min_score)
                for level, stride in zip(levels, STRIDES, strict=True)
            ]
        )
        kept = cv2.dnn.NMSBoxes(
            faces[:, :4].tolist(), faces[:, 14].tolist(), self._min_score, OVERLAP
        )
        return faces[np.asarray(kept, dtype=np.int64)]


def _faces(
    level: list[NDArray[np.float32]], stride: int, columns: int, min_score: float
) -> NDArray[np.float32]:
    """Rows of the faces of one level, `[N, 15]`, overlapping ones too (Wu, Peng and Yu, 2023).

    Args:
        level: Without its first axis, of each place: how likely a face is, how well the box fits
            it, the box's centre and the logarithms of its sides, and five points; from the place,
            in strides.
        stride: Pixels between two places.
        columns: Places in a row.
        min_score: Of the geometric mean of both likelihoods.
    """
    face, fit, box, points = (output[0] for output in level)
    scores = np.sqrt(face[:, 0].clip(0, 1) * fit[:, 0].clip(0, 1))
    (sure,) = np.nonzero(scores >= min_score)
    places = np.stack([sure % columns, sure // columns], axis=1).astype(np.float32)
    sides = np.exp(box[sure, 2:])
    corners = places + box[sure, :2] - sides / 2
    marks = points[sure] + np.tile(places, 5)
    rows = np.concatenate([corners, sides, marks], axis=1) * stride
    return np.column_stack([rows, scores[sure]]).astype(np.float32)
