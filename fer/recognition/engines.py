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
HOW_TO_GET_ONNXRUNTIME = (
    "pip install 'onnxruntime>=1.20', or pip install -e '.[recognition]' in a checkout"
)


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
            texts = self._session.get_modelmeta().custom_metadata_map
        except Exception as error:  # onnxruntime raises a dozen kinds
            raise RunError(
                f"{path} is no ONNX model that onnxruntime {runtime.__version__} can open "
                f"({type(error).__name__}): export it again, or update onnxruntime"
            ) from None
        self.info = ModelInfo.from_metadata(texts, str(path))
        self._path = path
        _check_ends(self._session, self.info, path)

    def __call__(self, faces: Pixels) -> tuple[Floats, Floats]:
        """See `Engine`.

        Raises:
            RunError: The network does not do what its file says.
        """
        try:
            found = self._session.run(["probabilities", "logits"], {"faces": faces})
        except Exception as error:  # onnxruntime raises a dozen kinds
            raise RunError(
                f"{self._path} is damaged, its network fails ({type(error).__name__}): export it "
                "again"
            ) from None
        shape = (len(faces), len(self.info.classes))
        if any(np.shape(each) != shape for each in found):
            told = " and ".join(str(np.shape(each)) for each in found)
            raise RunError(f"{self._path} is damaged, it answers {told}, not {shape}")
        return found[0], found[1]


def _check_ends(session: Any, info: ModelInfo, path: Path) -> None:
    """Refuses a network that takes or gives something else than fer's.

    Raises:
        RunError: Says what.
    """
    try:
        takes = {each.name: (each.type, each.shape) for each in session.get_inputs()}
        gives = {each.name: each.type for each in session.get_outputs()}
    except UnicodeDecodeError:
        raise RunError(f"{path} is damaged: a name in it is no text; export it again") from None
    wanted = dict.fromkeys(("probabilities", "logits"), "tensor(float)")
    size = [*info.crop.size, *([3] if info.crop.colour else [])]
    pixels, shape = takes.get("faces", ("", []))
    fits = len(takes) == 1 and pixels == "tensor(uint8)" and shape[1:] == size
    if not fits or any(gives.get(name) != kind for name, kind in wanted.items()):
        raise RunError(
            f"{path} is damaged: its network takes {', '.join(takes) or 'nothing'} and gives "
            f"{', '.join(gives) or 'nothing'}, not faces of {size} and {' and '.join(wanted)}; "
            "export it again"
        )


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            f"an exported model needs onnxruntime ({error}): {HOW_TO_GET_ONNXRUNTIME}"
        ) from None
    return onnxruntime
