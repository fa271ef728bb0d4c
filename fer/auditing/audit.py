"""An audit from the settings to its folder: read, compare, count, write, tell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from fer.auditing.contents import (
    class_counts,
    group_summary,
    pixel_deviations,
    pixel_statistics,
)
from fer.auditing.copies import Copies, exact_summary, near_summary
from fer.auditing.findings import Findings
from fer.auditing.label_noise import DoubtfulLabels, find_doubtful_labels
from fer.auditing.leaks import protocol_effects
from fer.auditing.lists import write_findings
from fer.auditing.page import write_page
from fer.auditing.terminal import print_findings
from fer.checks.stored import check_stored, own_data
from fer.config import plain
from fer.console import hush, say
from fer.data.data_sets import build_data
from fer.data.faces import Faces
from fer.errors import DataError, RunError
from fer.evaluation.predictions import Predictions
from fer.runs.folder import RunFolder, runs_of_group


def audit(config: DictConfig) -> Path:
    """Looks at a data set and writes what it finds to `<paths.outputs>/audit/<data>-<print>/`.

    Args:
        config: A resolved configuration of `conf/audit.yaml`.

    Returns:
        The folder.

    Raises:
        DataError: The data cannot be read.
        RunError: The run is not finished, or was trained on other data.
        ConfigError: cleanlab is needed and missing.
    """
    hush()
    started = time.perf_counter()
    settings = plain(config)
    quiet = settings["progress"] == "none"
    runs = _finished_runs(settings["run"])
    if settings.get("data") is None:
        check_stored(runs[0])
        settings["data"] = own_data(runs[0], settings["data_path"])
    faces = _open(settings, progress=not quiet)
    doubtful = _doubtful(faces, runs) if runs else None
    say(quiet, f"comparing {len(faces):,} pictures with each other")
    copies = Copies.find(faces, **settings["near_copies"])
    deviations = pixel_deviations(faces)
    blank = np.flatnonzero(deviations < settings["blank"])
    story = {
        "data": settings["data"]["name"],
        "fingerprint": faces.fingerprint,
        "images": len(faces),
        "shape": list(faces.images.shape[1:]),
        "classes": list(faces.classes),
        "notes": list(faces.notes),
        "counts": class_counts(faces),
        "pixels": pixel_statistics(faces),
        "blank": len(blank),
        "bad_files": len(faces.bad_files),
        "people": group_summary(faces, faces.subject),
        "sequences": group_summary(faces, faces.sequence),
        "exact_copies": exact_summary(copies),
        "near_copies": near_summary(copies, settings["near_copies"]),
        "protocols": protocol_effects(copies, settings["protocols"]),
        "doubtful_labels": doubtful
        and {
            "runs": [str(run.path) for run in runs],
            "tested": doubtful.tested,
            "candidates": len(doubtful.faces),
        },
        "command": _command(config),
        "seconds": round(time.perf_counter() - started, 1),
    }
    findings = Findings(story, copies, blank, deviations, doubtful)
    name = f"{settings['data']['name']}-{faces.fingerprint[:8]}"
    folder = Path(settings["paths"]["outputs"]) / "audit" / name
    write_findings(findings, folder)
    write_page(findings, folder, settings["shown"])
    if not quiet:
        print_findings(findings, folder)
    return folder


def _command(config: DictConfig) -> str:
    """The command that audits the same again."""
    words = ["python -m fer.audit"]
    if config.get("data") is not None:
        words.append(f"data={config.data.name}")
        words += [f"data.path={config.data.path}"] if config.data.path else []
    if config.run is not None:
        folders = [config.run] if isinstance(config.run, str) else list(config.run)
        joined = ",".join(folders)
        words.append(f"run={joined}" if len(folders) == 1 else f"run=[{joined}]")
    words += [f"data_path={config.data_path}"] if config.data_path else []
    near = config.near_copies
    words += [f"near_copies.{key}={near[key]}" for key in ("cosine", "distance")]
    words.append(f"near_copies.mirrored={str(near.mirrored).lower()}")
    return " ".join(words)


def _finished_runs(named: str | list[str] | None) -> list[RunFolder]:
    """The run folders that the settings name; of a group folder its runs of the first seed."""
    folders = [named] if isinstance(named, str) else named or []
    runs = [RunFolder.open(run) for folder in folders for run in _expanded(Path(folder))]
    for run in runs:
        if run.status["state"] != "finished":
            raise RunError(f"{run.path} is {run.status['state']}: it has no test predictions yet")
    return runs


def _expanded(folder: Path) -> list[Path]:
    """A group's runs, which test the faces of all its folds once; any other folder itself."""
    names = runs_of_group(folder, first_seed=True)
    return [folder.parent / name for name in names] or [folder]


def _open(settings: dict[str, Any], progress: bool) -> Faces:
    """The faces, from the cache that training uses; bad files are left out where there are any."""
    try:
        return _read(settings, "stop", progress)
    except DataError:
        return _read(settings, "skip", progress)


def _read(settings: Mapping[str, Any], on_bad_file: str, progress: bool) -> Faces:
    data = {**settings["data"], "on_bad_file": on_bad_file}
    module = build_data({**settings, "data": data, "test_time": {}, "seed": 0})
    return module.open(progress)


def _doubtful(faces: Faces, runs: list[RunFolder]) -> DoubtfulLabels:
    """Labels that the runs' test predictions doubt."""
    for run in runs:
        if run.status["data_fingerprint"] != faces.fingerprint:
            raise RunError(
                f"{run.path} was trained on other data than this (other pixels, labels or parts): "
                "leave data= out, or name the data that it was trained on"
            )
    said = [Predictions.load(run.test / "predictions.csv") for run in runs]
    return find_doubtful_labels(faces, said)
