"""A configuration's LightningModule: its class weights, pixel statistics and initial weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fer.data.modules import FaceDataModule
from fer.models.classical import sizes
from fer.models.classifiers import CLASSIFIERS, FaceClassifier
from fer.models.losses import balanced_weights
from fer.models.weights import LoadReport, imagenet_normalisation, initial_weights
from fer.runs.checkpoints import read_checkpoint
from fer.runs.folder import RunFolder


def build_model(settings: Mapping[str, Any], data: FaceDataModule) -> FaceClassifier:
    """The LightningModule of a configuration, as initialised, for the data's classes and pixels."""
    model, loss = settings["model"], dict(settings["loss"])
    if loss["class_weights"] == "balanced":
        labels = torch.from_numpy(data.faces.labels[data.split.train])
        loss["class_weights"] = balanced_weights(labels.bincount().tolist())
    if model["kind"] == "classical":
        truth, split = data.faces.labels, data.split
        own = sizes(
            model, data.side, truth[split.train], truth[split.validation], data.faces.classes
        )
        model = model | own
    mean, deviation = _normalisation(settings, data)
    return CLASSIFIERS[model["kind"]](
        model=model,
        optimizer=settings["optimizer"],
        scheduler=settings["scheduler"],
        loss=loss,
        classes=list(data.faces.classes),
        channels=settings["data"]["channels"],
        mean=mean,
        deviation=deviation,
        monitor=settings["trainer"]["monitor"],
        maximise=settings["trainer"]["monitor_mode"] == "max",
        channels_last=settings["trainer"]["channels_last"],
    )


def _normalisation(
    settings: Mapping[str, Any], data: FaceDataModule
) -> tuple[list[float], list[float]]:
    """Mean and deviation per channel: given, the weights' own, or the training part's."""
    channels, model = settings["data"]["channels"], settings["model"]
    if model["kind"] == "classical":  # descriptors are made of plain pixels
        return [0.0] * channels, [1.0] * channels
    if isinstance(model["normalisation"], list):
        mean, deviation = model["normalisation"]
        return _per_channel(mean, channels), _per_channel(deviation, channels)
    if model["normalisation"] == "auto" and model["weights"] == "imagenet":
        return imagenet_normalisation(model["backbone"], channels)
    if model["normalisation"] == "auto":
        learnt = _learnt_with(model["weights"])
        if len(learnt.get("mean", ())) == channels:
            return learnt["mean"], learnt["deviation"]
    return data.statistics()


def _per_channel(value: float | list[float], channels: int) -> list[float]:
    return value if isinstance(value, list) else [value] * channels


def load_weights(settings: Mapping[str, Any], model: FaceClassifier) -> LoadReport | None:
    """Fills the network with the initial weights that the configuration names.

    Returns:
        What was loaded and what not; None where the configuration names none.
    """
    weights, backbone = settings["model"]["weights"], settings["model"]["backbone"]
    source = _source_run(weights)
    state = None if source is None else read_checkpoint(source.best)["state_dict"]
    channels, extra = settings["data"]["channels"], settings["model"]["extra_channels"]
    learnt = _learnt_with(weights).get("model", {}).get("extra_channels", [])
    return initial_weights(model.network, weights, backbone, channels, state, extra, learnt)


def _learnt_with(weights: str) -> dict[str, Any]:
    """What a run or checkpoint that `model.weights` names was built with; empty for others."""
    source = _source_run(weights)
    checkpoint = source.best if source is not None else Path(weights)
    if checkpoint.suffix != ".ckpt" or not checkpoint.is_file():
        return {}
    learnt: dict[str, Any] = read_checkpoint(checkpoint).get("hyper_parameters", {})
    return learnt


def _source_run(weights: str) -> RunFolder | None:
    """The run folder that `model.weights` names, if it names one."""
    path = Path(weights).expanduser()
    return RunFolder.open(path) if weights not in ("none", "imagenet") and path.is_dir() else None
