"""Torch as the engine: a run folder, or a safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from fer.assessing.run_model import load_model, rebuild
from fer.checks.stored import check_stored
from fer.errors import ConfigError, RunError
from fer.models.classifiers import FaceClassifier
from fer.recognition.graph import FaceGraph
from fer.recognition.model_info import MAX_SIDE, ModelInfo
from fer.recognition.run_info import describe_run
from fer.runs.folder import RunFolder

ARCHITECTURE = "fer.architecture"
"""The key of a safetensors file's head under which the model's hyperparameters are, as JSON."""


class TorchEngine:
    """A model in torch; see `Engine`.

    Args:
        model: With the weights to use.
        info: What it says of itself.
        threads: Of torch in this process; None leaves it as it is.
        device: `cpu`, or `gpu`: CUDA's or Apple's.

    Raises:
        ConfigError: There is no such device.
    """

    def __init__(
        self,
        model: FaceClassifier,
        info: ModelInfo,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.info = info
        self.device = _device(device)
        self.graph = graph_of(model, info).to(self.device)

    def __call__(self, faces: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and logits, float32 `[B, K]`."""
        probabilities, logits = self.graph(torch.from_numpy(faces).to(self.device))
        return probabilities.cpu().numpy(), logits.cpu().numpy()


def _device(name: str) -> torch.device:
    if name == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    raise ConfigError(f"device={name} cannot be: torch finds no GPU here; take device=cpu")


def graph_of(model: FaceClassifier, info: ModelInfo) -> FaceGraph:
    """The model with its preprocessing in front and its temperature behind.

    Raises:
        RunError: The preprocessing cannot be carried out.
    """
    told: Mapping[str, Any] = info.preprocessing
    size, crop = told.get("size"), told.get("centre_crop")
    fits = type(size) is int and 1 <= size <= MAX_SIDE and told.get("channels") in (1, 3)
    if not fits or not (crop is None or (type(crop) is int and 1 <= crop <= (size or 0))):
        raise RunError(
            f"{info.story.get('run', 'the model')} is damaged: nothing can be prepared as it says "
            f"({dict(told)!r:.200})"
        )
    return FaceGraph(model, told["size"], told["channels"], crop, info.temperature)


def open_run(path: Path, threads: int | None = None, device: str = "cpu") -> TorchEngine:
    """The engine of a finished run.

    Raises:
        ConfigError: There is no such device.
        RunError: There is no such run, it is not finished, or its checkpoint cannot be used.
    """
    run = RunFolder.open(path)
    check_stored(run)
    model = load_model(run)
    return TorchEngine(model, describe_run(run, model), threads, device)


def open_safetensors(path: Path, threads: int | None = None, device: str = "cpu") -> TorchEngine:
    """The engine of an exported safetensors file, which holds numbers and texts only.

    Raises:
        ConfigError: There is no such device.
        RunError: The file is damaged, or fer did not export it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            texts = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, no dict
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path} is no safetensors file ({error}): export it again") from None
    info = ModelInfo.from_metadata(texts, str(path))
    try:
        given = json.loads(texts[ARCHITECTURE])
    except (ValueError, LookupError, RecursionError) as error:
        raise RunError(f"{path} is damaged ({error}): export it again") from None
    whole = {
        name: tensor.float() if tensor.dtype == torch.half else tensor
        for name, tensor in state.items()
    }
    model = rebuild(given, whole, path)
    if model.classes != info.classes:
        raise RunError(f"{path} is damaged (it names its classes twice): export it again")
    return TorchEngine(model, info, threads, device)
