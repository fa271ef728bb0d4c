"""Small models as fer exports them, made without torch, whose answers can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fer.data.faces import SEVEN
from fer.recognition.model_info import CropPlan, ModelInfo

SLOPE = 40.0
"""Of the logits: each class likes one gray level, and lighter ones less and less."""


def brightness_model(
    path: Path,
    size: tuple[int, int] = (48, 48),
    colour: bool = False,
    threshold: float | None = None,
    **crop: Any,
) -> Path:
    """An ONNX file that tells faces by their mean gray level: class k likes 0.1 + 0.8 k / 6."""
    shape: list[Any] = ["batch", *size, *([3] if colour else [])]
    levels = np.linspace(0.1, 0.9, 7, dtype=np.float32)[None]
    constants = {"scale": np.float32(255), "levels": levels, "slope": np.float32(-SLOPE)}
    axes = list(range(1, len(shape)))
    nodes = [
        helper.make_node("Cast", ["faces"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "scale"], ["images"]),
        helper.make_node("ReduceMean", ["images"], ["means"], axes=axes, keepdims=1),
        helper.make_node("Reshape", ["means", "row"], ["column"]),
        helper.make_node("Sub", ["column", "levels"], ["away"]),
        helper.make_node("Mul", ["away", "away"], ["square"]),
        helper.make_node("Mul", ["square", "slope"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    tensors.append(numpy_helper.from_array(np.array([-1, 1], dtype=np.int64), "row"))
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("faces", TensorProto.UINT8, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 7])
            for name in ("probabilities", "logits")
        ],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    info = ModelInfo(SEVEN, CropPlan(size, colour, **crop), threshold=threshold, card="# a card")
    helper.set_model_props(model, info.metadata())
    onnx.save(model, path)
    return path


def expected(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What `brightness_model` says of faces `[B, ...]`: probabilities `[B, 7]`."""
    means = faces.reshape(len(faces), -1).mean(axis=1, dtype=np.float64) / 255
    logits = -SLOPE * (means[:, None] - np.linspace(0.1, 0.9, 7)) ** 2
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return result
