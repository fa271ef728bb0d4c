"""A configuration's LightningModule: its class weights, pixel statistics and initial weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from fer.assessing.run_model import load_model
from fer.data.mixing import mixes
from fer.data.modules import FaceDataModule
from fer.models.architectures import CLASSIFIERS
from fer.models.classical import sizes
from fer.models.classifiers import FaceClassifier
from fer.models.distillation import Teacher
from fer.models.losses import balanced_weights
from fer.models.weights import LoadReport, imagenet_normalisation, initial_weights
from fer.runs.checkpoints import check_fits, read_checkpoint
from fer.runs.folder import RunFolder
from fer.runs.run_names import weights_path
from fer.training.source_runs import input_side


def build_model(settings: Mapping[str, Any], data: FaceDataModule) -> FaceClassifier:
    """The LightningModule of a configuration, as initialised, for the data's classes and pixels."""
    model, loss = dict(settings["model"]), dict(settings["loss"])
    if model["kind"] == "blend":
        checkpoints = [read_checkpoint(RunFolder(member).best) for member in model["members"]]
        model["members"] = [dict(each["hyper_parameters"]) for each in checkpoints]
    if loss["class_weights"] == "balanced":
        faces, part = data.epoch()
        labels = torch.from_numpy(faces.labels[part])
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
        size=settings["augment"]["crop"]["size"] or settings["data"]["size"],
        mixed=mixes(settings["augment"]),
    )


def _normalisation(
    settings: Mapping[str, Any], data: FaceDataModule
) -> tuple[list[float], list[float]]:
    """Mean and deviation per channel: given, the weights' own, or the training part's."""
    channels, model = settings["data"]["channels"], settings["model"]
    if model["kind"] in ("blend", "classical"):  # members normalise by themselves, descriptors not
        return [0.0] * channels, [1.0] * channels
    if isinstance(model["normalisation"], list):
        mean, deviation = model["normalisation"]
        return _per_channel(mean, channels), _per_channel(deviation, channels)
    if model["normalisation"] == "auto" and model["weights"] == "imagenet":
        return imagenet_normalisation(model["backbone"], channels)
    if model["normalisation"] == "auto":
        learnt = _learnt_with(settings)
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
    if settings["model"]["kind"] == "blend":
        return _load_members(settings["model"]["members"], model)
    weights, backbone = settings["model"]["weights"], settings["model"].get("backbone", "")
    source = _source_run(settings)
    state = None if source is None else read_checkpoint(source.best)["state_dict"]
    channels, extra = settings["data"]["channels"], settings["model"].get("extra_channels", [])
    learnt = _learnt_with(settings).get("model", {}).get("extra_channels", [])
    return initial_weights(model.network, weights, backbone, channels, state, extra, learnt)


def _learnt_with(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a run or checkpoint that `model.weights` names was built with; empty for others."""
    source = _source_run(settings)
    checkpoint = source.best if source is not None else Path(settings["model"]["weights"])
    if checkpoint.suffix != ".ckpt" or not checkpoint.is_file():
        return {}
    learnt: dict[str, Any] = read_checkpoint(checkpoint).get("hyper_parameters", {})
    return learnt


def _load_members(folders: Sequence[str], model: FaceClassifier) -> LoadReport:
    """Gives every member of a blend its run's best weights."""
    members: Any = model.network.members
    runs = [RunFolder(folder) for folder in folders]
    for member, run in zip(members, runs, strict=True):
        state = read_checkpoint(run.best)["state_dict"]
        check_fits(state, member.state_dict(), run.best)
        member.load_state_dict(state)
    names = ", ".join(run.path.name for run in runs)
    return LoadReport(f"{len(runs)} members: {names}", len(members.state_dict()), ())


def build_teacher(settings: Mapping[str, Any]) -> Teacher | None:
    """The finished model that teaches this one; None where the configuration names none."""
    chosen = settings["distillation"]
    if chosen["teacher"] is None:
        return None
    run = RunFolder(chosen["teacher"])
    theirs = run.settings
    return Teacher(
        load_model(run),
        theirs["data"]["channels"],
        input_side(theirs),
        chosen["temperature"],
        chosen["weight"],
    )


def _source_run(settings: Mapping[str, Any]) -> RunFolder | None:
    """The run folder that `model.weights` names, if it names one."""
    path = weights_path(settings)
    return RunFolder.open(path) if path is not None and Path(path).is_dir() else None
