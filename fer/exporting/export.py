"""`fer.export`: write aside, check on real faces, describe, and only then keep."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from safetensors.torch import save_file

from fer.assessing.run_model import load_model
from fer.checks.stored import check_stored, own_data
from fer.config import plain
from fer.console import hush, say
from fer.data.data_sets import build_data
from fer.data.modules import FaceDataModule
from fer.data.splits import Split
from fer.errors import ConfigError, RunError
from fer.exporting.card import model_card
from fer.exporting.checking import answers, compare, demands, remedies
from fer.exporting.onnx_file import add_metadata, halve, quantise, require_onnx, write_onnx
from fer.models.classifiers import FaceClassifier
from fer.recognition.engines import Engine, OnnxEngine
from fer.recognition.model_info import ModelInfo
from fer.recognition.run_info import describe_run
from fer.recognition.torch_engine import ARCHITECTURE, TorchEngine, graph_of, open_safetensors
from fer.runs.folder import RunFolder
from fer.writing import aside

ENOUGH = 512
"""Validation faces on which a file in single precision is checked; quantised ones meet all."""


def export(config: DictConfig) -> Path:
    """Exports a finished run's model.

    Args:
        config: A resolved configuration of `conf/export.yaml`.

    Returns:
        The file.

    Raises:
        ConfigError: This kind of model cannot be exported, or a package is missing.
        DataError: The run's data is not there.
        RunError: The run cannot be used, or the file differs too much from it and is not kept.
    """
    hush()
    run = RunFolder.open(config.run)
    quiet = config.progress == "none"
    model = load_model(run)
    _check_kind(run)
    if config.format == "onnx":
        require_onnx()
    info = describe_run(run, model, plain(config.margins))
    data, split = _own_data(config, run)
    target = _target(config, run)
    with aside(target) as part:
        say(quiet, f"exporting {run.path.name}")
        reopen = _write(config, model, info, data, split, part)
        quantised = config.quantize is not None
        some = split.validation[:: 1 if quantised else max(1, len(split.validation) // ENOUGH)]
        faces, labels = np.asarray(data.faces.images[some]), data.faces.labels[some]
        say(quiet, f"checking it on {len(some):,} validation faces")
        torch_says = answers(TorchEngine(model, info), faces)
        comparison = compare(torch_says, answers(reopen(), faces), labels)
        if not comparison.holds(quantised):
            raise RunError(
                f"{target} is not kept: {comparison.text()} {demands(quantised)}; try "
                f"{remedies(config.quantize, config.calibration, len(split.train))}"
            )
        counts = np.bincount(data.faces.labels[split.train], minlength=len(model.classes))
        form = f"{config.format}, {config.quantize or 'single precision'}"
        by_class = dict(zip(data.faces.classes, counts.tolist(), strict=True))
        card = model_card(info, by_class, form, comparison.text())
        _describe(config.format, part, replace(info, card=card))
        reopen()  # what is kept opens
    say(quiet, comparison.text(), f"model file: {target} ({target.stat().st_size / 1e6:.1f} MB)")
    say(quiet, f"next: python -m fer.predict source=<picture> run={target}")
    return target


def _write(
    config: DictConfig,
    model: FaceClassifier,
    info: ModelInfo,
    data: FaceDataModule,
    split: Split,
    path: Path,
) -> Callable[[], Engine]:
    """Writes the file, its description yet without a card; gives what opens it."""
    if config.format == "safetensors":
        state = {name: tensor.clone().contiguous() for name, tensor in model.state_dict().items()}
        if config.quantize == "fp16":
            state = {n: t.half() if t.dtype == torch.float32 else t for n, t in state.items()}
        architecture = json.dumps(dict(model.hparams))
        save_file(state, path, {**info.metadata(), ARCHITECTURE: architecture})
        return lambda: open_safetensors(path)
    shape = info.crop.size + ((3,) if info.crop.colour else ())
    stored = data.faces.images.shape[1:]
    if stored != shape:
        raise RunError(f"the data's faces are {stored}, the run's {shape}: train again")
    graph = graph_of(copy.deepcopy(model), info)
    if config.quantize == "fp16":
        halve(graph)
    write_onnx(graph, shape, path)
    if config.quantize == "int8":
        rng = np.random.default_rng(config.seed)
        count = min(config.calibration, len(split.train))
        drawn = np.sort(rng.choice(split.train, count, replace=False))
        whole = path.with_name(f"{path.name}.whole")
        path.replace(whole)
        try:
            quantise(whole, path, np.asarray(data.faces.images[drawn]))
        finally:
            whole.unlink(missing_ok=True)
    add_metadata(path, info.metadata())
    return lambda: OnnxEngine(path)


def _describe(form: str, path: Path, info: ModelInfo) -> None:
    """Puts the whole description, with the card, into the file."""
    if form == "onnx":
        add_metadata(path, info.metadata())
        return
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        texts: dict[str, str] = dict(file.metadata())
        state: dict[str, Any] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(state, path, {**texts, **info.metadata()})


def _check_kind(run: RunFolder) -> None:
    kind = run.settings["model"]["kind"]
    if kind == "classical":
        raise ConfigError(
            f"{run.path} is a classical model ({run.settings['model']['name']}): its descriptor is "
            "no network and cannot be exported; fer.predict takes the run folder itself"
        )


def _own_data(config: DictConfig, run: RunFolder) -> tuple[FaceDataModule, Split]:
    """The run's own faces and split."""
    settings = run.settings
    check_stored(run)
    settings["data"] = own_data(run, config.data_path)
    settings["paths"] = plain(config.paths)
    data = build_data(settings)
    data.open(progress=config.progress != "none")
    if data.faces.fingerprint != run.status["data_fingerprint"]:
        raise RunError(
            f"the data has changed since {run.path} was trained: put the old data back, or say "
            "with data_path=... where it is; the file is checked on its validation faces"
        )
    return data, Split.load(run.split)


def _target(config: DictConfig, run: RunFolder) -> Path:
    if config.output is not None:
        return Path(config.output).expanduser()
    suffix = f"-{config.quantize}" if config.quantize else ""
    return run.path / "export" / f"model{suffix}.{config.format}"
