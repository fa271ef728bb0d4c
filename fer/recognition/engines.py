"""What runs a network on faces; here onnxruntime, which needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer.errors import ConfigError, RunError
from fer.recognition.model_info import ModelInfo

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
HOW_TO_GET_ONNXRUNTIME = "pip install 'onnxruntime>=1.20', or fer with its extra [recognition]"


class Engine(Protocol):
    """A network that takes faces as they are cut and does all the rest itself.

    Attributes:
        info: What the model says of itself.
    """

    info: ModelInfo

    def __call__(self, faces: Pixels) -> tuple[Floats, Floats]:
        """Probabilities and logits, each float32 `[B, K]`.

        Args:
            faces: uint8 `[B, H, W]`, or `[B, H, W, 3]` (RGB) where `info.crop.colour`.
        """
        ...


class OnnxEngine:
    """An exported ONNX file.

    Args:
        path: The file.
        threads: Of the network; None leaves it to onnxruntime.
        device: `cpu`, or `gpu`, for which onnxruntime-gpu must be installed.

    Raises:
        ConfigError: onnxruntime is not installed, or has no such device.
        RunError: The file is damaged, or fer did not export it.
    """

    def __init__(self, path: Path, threads: int | None = None, device: str = "cpu") -> None:
        runtime = _onnxruntime()
        provider = {"cpu": "CPUExecutionProvider", "gpu": "CUDAExecutionProvider"}[device]
        if provider not in runtime.get_available_providers():
            raise ConfigError(
                f"device={device} cannot be: this onnxruntime has no {provider}; "
                "pip install onnxruntime-gpu, or device=cpu"
            )
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # what matters is raised
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=[provider])
        except Exception as error:  # onnxruntime raises a dozen kinds
            raise RunError(
                f"{path} is no ONNX model that onnxruntime {runtime.__version__} can open "
                f"({type(error).__name__}): export it again, or update onnxruntime"
            ) from None
        texts = self._session.get_modelmeta().custom_metadata_map
        self.info = ModelInfo.from_metadata(texts, str(path))

    def __call__(self, faces: Pixels) -> tuple[Floats, Floats]:
        """See `Engine`."""
        probabilities, logits = self._session.run(["probabilities", "logits"], {"faces": faces})
        return probabilities, logits


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            f"an exported model needs onnxruntime ({error}): {HOW_TO_GET_ONNXRUNTIME}"
        ) from None
    return onnxruntime
