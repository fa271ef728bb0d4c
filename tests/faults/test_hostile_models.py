"""Models that the fuzzer damaged: each is refused in one message that names the file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import onnx
import pytest
import timm
import torch
from numpy.typing import NDArray

from fer.assessing.run_model import rebuild
from fer.errors import RunError
from fer.models.weights import file_state, initial_weights
from fer.recognition.engines import OnnxEngine
from fer.recognition.torch_engine import graph_of
from fer.runs.checkpoints import read_checkpoint
from tests.composing import settings
from tests.recognition.models import brightness_model


def packed(path: Path) -> None:
    """Deflates an archive of torch's, which its own code would unpack to any size."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)


def test_packed_tensors(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {"weight": torch.zeros(1_000_000)}}, path)
    assert read_checkpoint(path)["state_dict"]["weight"].shape == (1_000_000,)
    packed(path)
    assert path.stat().st_size < 100_000
    for read in (read_checkpoint, file_state):
        with pytest.raises(RunError, match=r"last\.ckpt"):
            read(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "mine"),
        ("kind", None),
        ("backbone", 3),
        ("dropout", "much"),
        ("head_widths", [10**9, 10**6]),
        ("head_widths", None),
        ("stem_stride", [1]),
    ],
)
def test_hyperparameters_that_make_no_network(key: str, value: Any, tmp_path: Path) -> None:
    model = json.loads(json.dumps(settings("model=resnet50_mlp", "model.backbone=test_resnet")))
    given = {
        "model": model["model"] | {key: value},
        "optimizer": model["optimizer"],
        "scheduler": model["scheduler"],
        "loss": model["loss"],
        "classes": ["happy", "sad"],
        "channels": 1,
        "mean": [0.5],
        "deviation": [0.5],
    }
    with pytest.raises(RunError, match=r"best\.ckpt"):
        rebuild(given, {"weight": torch.zeros(2)}, tmp_path / "best.ckpt")
    with pytest.raises(RunError, match=r"best\.ckpt"):
        rebuild(None, {}, tmp_path / "best.ckpt")


@pytest.mark.parametrize("shape", [(), (3,), (4, 0, 3, 3), (16, 4, 3, 3)], ids=str)
def test_first_layers_that_fit_no_picture(shape: tuple[int, ...], tmp_path: Path) -> None:
    network = timm.create_model("test_resnet", num_classes=7, in_chans=1)
    state: dict[Any, Any] = {**network.state_dict(), 3: torch.zeros(1), "text": "x"}
    first = network.pretrained_cfg["first_conv"] + ".weight"
    state[first] = torch.zeros(shape)
    torch.save(state, tmp_path / "weights.pth")
    report = initial_weights(network, str(tmp_path / "weights.pth"), "test_resnet", 1)
    assert report is not None
    assert any(line.startswith(f"{first} (shape") for line in report.left_out)


def changed(path: Path, change: Any) -> Path:
    """An exported model with something else in it."""
    model = onnx.load(path)
    change(model)
    onnx.save(model, path)
    return path


def _renamed(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = model.graph.node[-1].output[0] = "odds"


def _smaller(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 24


def _fewer_classes(model: onnx.ModelProto) -> None:
    (entry,) = (each for each in model.metadata_props if each.key == "fer.classes")
    entry.value = json.dumps(["happy", "sad"])


@pytest.mark.parametrize("change", [_renamed, _smaller, _fewer_classes])
def test_models_that_do_something_else_than_they_say(change: Any, tmp_path: Path) -> None:
    path = changed(brightness_model(tmp_path / "model.onnx"), change)
    faces: NDArray[np.uint8] = np.zeros((1, 48, 48), dtype=np.uint8)
    with pytest.raises(RunError, match=r"model\.onnx is damaged"):
        OnnxEngine(path)(faces)


@pytest.mark.parametrize(
    ("key", "value"),
    [("classes", [1]), ("classes", []), ("temperature", 0), ("threshold", "x"), ("story", [])],
)
def test_models_with_a_senseless_description(key: str, value: Any, tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        (entry,) = (each for each in model.metadata_props if each.key == f"fer.{key}")
        entry.value = json.dumps(value)

    with pytest.raises(RunError, match=r"model\.onnx is damaged"):
        OnnxEngine(changed(brightness_model(tmp_path / "model.onnx"), change))


def test_a_head_that_is_no_text(tmp_path: Path) -> None:
    path = brightness_model(tmp_path / "model.onnx")
    path.write_bytes(path.read_bytes().replace(b"# a card", b"# a c\xb2rd"))
    with pytest.raises(RunError, match=r"model\.onnx is no ONNX model"):
        OnnxEngine(path)


@pytest.mark.parametrize(("text", "damaged"), [(b"logits", b"l\xe4gits"), (b"batch", b"\xe4atch")])
def test_a_network_whose_names_are_no_text(text: bytes, damaged: bytes, tmp_path: Path) -> None:
    path = brightness_model(tmp_path / "model.onnx")
    content = path.read_bytes()
    assert text in content
    path.write_bytes(content.replace(text, damaged))
    with pytest.raises(RunError, match=r"model\.onnx is "):
        OnnxEngine(path)


def test_preprocessing_without_a_crop_has_none() -> None:
    told = SimpleNamespace(preprocessing={"size": 48, "channels": 1}, story={}, temperature=1.0)
    assert graph_of(cast(Any, torch.nn.Identity()), cast(Any, told)) is not None
