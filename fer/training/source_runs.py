"""Finished runs that another run is built on: the members of a blend, a teacher."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from fer.assessing.source_leaks import check_leaks
from fer.data.modules import FaceDataModule
from fer.data.splits import Split
from fer.errors import ConfigError, RunError
from fer.runs.folder import RunFolder
from fer.runs.run_names import weights_path


def settle_sources(settings: dict[str, Any], data: FaceDataModule) -> None:
    """Finds and checks the finished runs that a configuration names.

    `model.members` and `distillation.teacher` become absolute folders. A list `sources` of digests
    joins the settings, also of what `model.weights` names, so that a source that is trained again,
    or a file of weights that has changed, makes another run.
    What a reader must know of them joins the split's notes, and its cautions where validation
    images were trained on.

    Args:
        settings: A whole configuration, changed in place.
        data: Opened and split.

    Raises:
        ConfigError: They do not fit this data, or have met its test part.
        RunError: They are not there, or not finished.
    """
    model, distillation = settings["model"], settings["distillation"]
    sources: list[RunFolder] = []
    if model["kind"] == "blend":
        sources = _find_members(model["members"], settings["seed"], data)
        for member in sources:
            _check_classes("model.members", member, data.faces.classes)
            _check_pictures(member, settings)
        model["members"] = [str(member.path) for member in sources]
    if distillation["teacher"] is not None:
        teacher = _finished("distillation.teacher", distillation["teacher"])
        _check_classes("distillation.teacher", teacher, data.faces.classes)
        if teacher.settings["data"]["channels"] < settings["data"]["channels"]:
            raise ConfigError(
                f"distillation.teacher: {teacher.path} sees gray pictures, this run's have colour; "
                "use data.channels=1"
            )
        distillation["teacher"] = str(teacher.path)
        sources.append(teacher)
    told = [f"{run.path.name} {_digest(run.best)}" for run in sources]
    if named := weights_path(settings):
        weights = RunFolder.open(named).best if Path(named).is_dir() else Path(named)
        told.append(f"model.weights {_digest(weights)}")
    if told:
        settings["sources"] = told
    found = check_leaks(settings, data)
    notes = dict.fromkeys([*data.split.notes, *(note.text for note in found)])
    marked = (note.text for note in found if note.caution)
    cautions = dict.fromkeys([*data.split.cautions, *marked])
    data.split = replace(data.split, notes=tuple(notes), cautions=tuple(cautions))


def input_side(settings: Mapping[str, Any]) -> int:
    """Side of the pictures that a configuration's network gets."""
    return int(settings["augment"]["crop"]["size"] or settings["data"]["size"])


def _find_members(named: str | list[str], seed: int, data: FaceDataModule) -> list[RunFolder]:
    """The runs that folders and patterns name, each once."""
    found: dict[Path, RunFolder] = {}
    left_out = 0
    for name in [named] if isinstance(named, str) else named:
        if glob.has_magic(name):
            matching, others = _matching(name, seed, data)
            left_out += others
        else:
            matching = [_finished("model.members", name)]
        found |= {run.path: run for run in matching}
    if len(found) < 2:
        others_told = f" ({left_out} of other seeds or parts)" if left_out else ""
        raise ConfigError(
            f"model.members={named} names {len(found)} finished runs{others_told}, a blend needs "
            "two or more: train them first, or name their folders"
        )
    return list(found.values())


def _matching(pattern: str, seed: int, data: FaceDataModule) -> tuple[list[RunFolder], int]:
    """The runs of a pattern that fit, and how many were left out.

    Those fit that are no blends themselves, have the same seed, data, validation and test part,
    and have learnt from all that the blend learns from. Where some of them have learnt from just
    that, they alone are taken.
    """
    whole = Path(pattern).expanduser()
    beneath = Path(whole.anchor)
    exact, larger, left_out = [], [], 0
    for path in sorted(beneath.glob(str(whole.relative_to(beneath)))):
        run = RunFolder(path.resolve())
        kind = OmegaConf.select(run.config, "model.kind") if run.exists() else None
        if kind in (None, "blend") or ".before-" in path.name:
            continue
        if run.settings["seed"] != seed or not _same_parts(run, data):
            left_out += 1
        elif run.status["split_hash"] == data.split.hash:
            exact.append(run)
        else:
            larger.append(run)
    return [_finished("model.members", run.path) for run in exact or larger], left_out


def _same_parts(run: RunFolder, data: FaceDataModule) -> bool:
    """Whether a run's parts are those of this data, but for more training images."""
    split, status = data.split, run.status
    if status.get("data_fingerprint") != data.faces.fingerprint:
        return False
    theirs = Split.load(run.split)
    return (
        np.array_equal(theirs.test, split.test)
        and np.array_equal(theirs.validation, split.validation)
        and bool(np.isin(split.train, theirs.train).all())
    )


def _finished(key: str, folder: str | Path) -> RunFolder:
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        raise RunError(f"{key}: there is no folder {folder}; name the folder of a finished run")
    run = RunFolder.open(path)
    if run.status["state"] != "finished":
        raise RunError(
            f"{key}: {run.path} is {run.status['state']}: run its training command again first"
        )
    return run


def _check_classes(key: str, run: RunFolder, classes: tuple[str, ...]) -> None:
    known = run.results()["classes"]
    if known != list(classes):
        raise ConfigError(
            f"{key}: {run.path} knows {', '.join(known)}; this data has {', '.join(classes)}: "
            "both must have the same classes"
        )


def _check_pictures(member: RunFolder, settings: Mapping[str, Any]) -> None:
    """Members see the same pictures; only what lies inside them may differ."""
    own, theirs = OmegaConf.create(dict(settings)), member.config
    for key in ("data.size", "data.channels", "augment.crop.size"):
        ours, other = OmegaConf.select(own, key), OmegaConf.select(theirs, key)
        if ours != other:
            raise ConfigError(
                f"{key}={ours}, but model.members: {member.path} was trained with {key}={other}; "
                "a blend and its members must have the same"
            )


def _digest(weights: Path) -> str:
    """Of a file of weights: trained again, a run is another source."""
    if not weights.is_file():
        raise RunError(f"{weights}: there is no such file of weights")
    return hashlib.sha256(weights.read_bytes()).hexdigest()[:16]
