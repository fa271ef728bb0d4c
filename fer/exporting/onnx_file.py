"""A `FaceGraph` as an ONNX file, whole, halved or in whole numbers."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fer.errors import ConfigError, RunError
from fer.models.classifiers import FaceClassifier
from fer.models.networks.blend import Blend
from fer.recognition.graph import FaceGraph

OPSET = 18
"""The first with antialiased resizing; onnxruntime has it since 1.14."""

HOW_TO_GET_ONNX = (
    "pip install onnx onnxscript 'onnxruntime>=1.20', or pip install -e '.[export]' in a checkout"
)
QUANTISED = ("Conv", "Gemm", "MatMul", "Add", "Relu", "Clip", "MaxPool", "GlobalAveragePool")
BATCH = 64


class Halved(nn.Module):
    """A network that computes in half precision between single-precision ends."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.half()

    def forward(self, images: Tensor) -> Tensor:
        """Float32 logits of float32 images."""
        logits: Tensor = self.network(images.half()).float()
        return logits


def halve(graph: FaceGraph) -> None:
    """Puts the networks of a graph into half precision; preprocessing and softmax stay whole."""
    for model in [m for m in graph.modules() if isinstance(m, FaceClassifier)]:
        if not isinstance(model.network, Blend):
            model.network = Halved(model.network)


def write_onnx(graph: FaceGraph, shape: tuple[int, ...], path: Path) -> None:
    """Traces the graph and writes it, with any number of faces to a batch.

    Args:
        graph: In eval mode.
        shape: Of a face, `(H, W)` or `(H, W, 3)`.
        path: The file to write.

    Raises:
        ConfigError: A package is missing.
        RunError: Something in the network has no counterpart in ONNX.
    """
    require_onnx()
    for model in [m for m in graph.modules() if isinstance(m, FaceClassifier)]:
        model.memory_format = torch.contiguous_format
        model.network.to(memory_format=torch.contiguous_format)
    faces = torch.zeros((2, *shape), dtype=torch.uint8)
    try:
        with _hushed():
            torch.onnx.export(
                graph,
                (faces,),
                path,
                dynamo=True,
                verbose=False,
                external_data=False,
                opset_version=OPSET,
                input_names=["faces"],
                output_names=["probabilities", "logits"],
                dynamic_shapes={"faces": {0: torch.export.Dim("batch")}},
            )
    except torch.onnx.errors.OnnxExporterError as error:
        why = str(error).strip().splitlines()[0]
        raise RunError(
            f"the network cannot be exported to ONNX ({why}); use format=safetensors"
        ) from None


def add_metadata(path: Path, texts: Mapping[str, str]) -> None:
    """Puts texts into the head of an ONNX file, in place of what was there."""
    import onnx

    model = onnx.load(path)
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]  # the exporter's stack traces: paths of this machine
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        del value.metadata_props[:]
    onnx.helper.set_model_props(model, dict(texts))
    onnx.save(model, path)


def quantise(source: Path, target: Path, faces: NDArray[np.uint8]) -> None:
    """Static quantisation: 8-bit weights per channel and activations, ranges from real faces.

    What comes before the first convolution and the last layer stay whole: pixels are few, and
    logits of 8 bits would give coarse probabilities. Weights take 7 bits, since processors without
    VNNI would overflow with 8 (onnxruntime's documentation, Quantize ONNX models).

    Args:
        source: The whole model.
        target: The file to write.
        faces: uint8 `[N, H, W]` or `[N, H, W, 3]`, of the training part.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Faces(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = iter(np.array_split(faces, -(-len(faces) // BATCH)))

        def get_next(self) -> dict[str, Any] | None:
            batch = next(self.batches, None)
            return None if batch is None else {"faces": batch}

    prepared = target.with_name(f"{target.name}.prepared")
    try:
        with _hushed():
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(target),
                Faces(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTISED),
                nodes_to_exclude=_kept_whole(prepared),
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
    finally:
        prepared.unlink(missing_ok=True)


def _kept_whole(path: Path) -> list[str]:
    """Names of the nodes before the first convolutions, and of those that give the logits."""
    import onnx

    nodes = onnx.load(path).graph.node
    makers = {name: node for node in nodes for name in node.output}
    after: set[str] = set()
    kept = []
    for node in nodes:  # in the order in which they are computed
        if node.op_type == "Conv" or after & set(node.input):
            after.update(node.output)
        else:
            kept.append(node.name)
    name = "logits"
    while name in makers:  # back to the last layer, over reshapes and casts
        node = makers[name]
        kept.append(node.name)
        if node.op_type in ("Gemm", "MatMul", "Conv"):
            break
        name = node.input[0]
    return kept


def require_onnx() -> None:
    """Tells at once what is missing.

    Raises:
        ConfigError: onnx, onnxscript or onnxruntime is.
    """
    for name in ("onnx", "onnxscript", "onnxruntime"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ConfigError(f"format=onnx needs {name} ({error}): {HOW_TO_GET_ONNX}") from None


@contextmanager
def _hushed() -> Iterator[None]:
    """The exporters' advice to their own developers is not shown."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
