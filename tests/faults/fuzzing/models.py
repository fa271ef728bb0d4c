"""Exported models as targets."""

from __future__ import annotations

import shutil
from pathlib import Path

import fer
from tests.end_to_end.commands import here, only_run
from tests.faults.fuzzing.run_folders import FACE, trained
from tests.faults.fuzzing.target import Target
from tests.recognition.models import brightness_model


def _safetensors(folder: Path) -> None:
    run = only_run(trained()).path
    told = here("export", f"run={run}", "format=safetensors", folder=trained())
    assert told.status == 0, told.err
    shutil.copy(run / "export" / "model.safetensors", folder)
    shutil.rmtree(run / "export")


def _recognise(folder: Path, name: str) -> None:
    (face,) = fer.load(folder / name, detector="none", threads=1)(FACE)
    assert len(face.probabilities) > 1


MODELS = (
    Target(
        "ONNX",
        lambda folder: brightness_model(folder / "model.onnx"),
        lambda folder, cache: _recognise(folder, "model.onnx"),
        share=3,
    ),
    Target(
        "safetensors", _safetensors, lambda folder, cache: _recognise(folder, "model.safetensors")
    ),
)
